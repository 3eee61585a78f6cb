import type { Block, Entry, Meta } from '../playbook/contract.ts';
import { judge } from './conditions.ts';
import { flushHandlers } from './handlers.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';
import { isSelected } from './tags.ts';
import { runTask } from './task.ts';

/** Run a list of tasks and blocks in lock-step on those of `hosts` that are still in the play. */
export async function runEntries(
  play: PlayRun,
  entries: readonly Entry[],
  hosts: readonly HostState[],
  rescuable = false,
): Promise<void> {
  const { tags, skipTags } = play.run.request;
  for (const entry of entries) {
    if (play.stopReason || play.run.request.signal.aborted) return;
    const active = hosts.filter((host) => host.isActive);
    if (active.length === 0) return;
    if (entry.kind === 'block') await runBlock(play, entry, active, rescuable);
    else if (!isSelected(entry.tags, tags, skipTags) || !play.run.hasStarted(entry)) continue;
    else if (entry.kind === 'meta') await runMeta(play, entry, active);
    else await runTask(play, entry, active, { rescuable, handler: false });
  }
}

/** Failures in the block are host by host handed to `rescue`; `always` runs in any case; unreachable hosts get neither. */
async function runBlock(play: PlayRun, block: Block, hosts: readonly HostState[], rescuable: boolean): Promise<void> {
  await runEntries(play, block.tasks, hosts, rescuable || block.rescue.length > 0);
  if (block.rescue.length > 0) {
    const failed = hosts.filter((host) => host.failure && !host.unreachable && !host.ended);
    for (const host of failed) beginRescue(host);
    await runEntries(play, block.rescue, failed, rescuable);
  }
  if (block.always.length > 0) {
    const failures = new Map(hosts.map((host) => [host, host.failure] as const));
    for (const host of hosts) host.failure = undefined;
    await runEntries(play, block.always, hosts, rescuable);
    for (const [host, failure] of failures) host.failure ??= failure;
  }
}

function beginRescue(host: HostState): void {
  const { failure } = host;
  host.failure = undefined;
  if (!failure) return;
  const { name, module, args, register, tags, vars } = failure.task;
  host.setFacts.set('ansible_failed_task', {
    name: name ?? module,
    action: module,
    args,
    register,
    tags,
    vars: Object.assign({}, ...vars.map((layer) => layer.vars)),
  });
  host.setFacts.set('ansible_failed_result', failure.result);
}

async function runMeta(play: PlayRun, meta: Meta, hosts: readonly HostState[]): Promise<void> {
  const chosen = hosts.filter((host) => holdsFor(play, meta, host));
  if (chosen.length === 0) return;
  switch (meta.action) {
    case 'flush_handlers':
      return flushHandlers(play);
    case 'end_play':
      for (const host of play.batch) host.ended = true;
      return;
    case 'end_host':
      for (const host of chosen) host.ended = true;
      return;
    case 'clear_host_errors':
      // They take part again from the next play on.
      for (const host of play.batch) {
        host.ended ||= !host.isActive;
        host.failure = undefined;
        host.unreachable = false;
      }
      return;
    case 'reset_connection':
      await Promise.all(chosen.map(({ name }) => play.run.connections.drop(name)));
      for (const host of chosen) host.forgetReads();
      return;
    case 'noop':
      return;
  }
}

function holdsFor(play: PlayRun, meta: Meta, host: HostState): boolean {
  try {
    const verdict = judge(meta.when, play.run.scope(host, play.context, meta), 'when');
    return 'holds' in verdict && verdict.holds;
  } catch (error) {
    const result = failureResult(error);
    play.run.request.emit({ event: 'warning', host: host.name, message: `meta ${meta.action}: ${result.msg}` });
    return false;
  }
}
