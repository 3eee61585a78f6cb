import type { Block, Entry, Include, RoleEntry } from '../playbook/contract.ts';
import type { HostState } from './host-state.ts';
import { runInclude } from './includes.ts';
import { runMeta } from './meta.ts';
import type { PlayRun } from './play-run.ts';
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
    const task = entry.kind === 'include' ? entry.task : entry;
    if (entry.kind === 'block') await runBlock(play, entry, active, rescuable);
    else if (entry.kind === 'role') await runRole(play, entry, active, rescuable);
    else if (task.kind !== 'task' && task.kind !== 'meta') continue;
    else if (!isSelected(task.tags, tags, skipTags) || !(await play.run.admits(task))) continue;
    else if (entry.kind === 'include') await include(play, entry, active, rescuable);
    else if (entry.kind === 'meta') await runMeta(play, entry, active);
    else await runTask(play, entry, active, { rescuable, handler: false });
  }
}

async function include(play: PlayRun, entry: Include, hosts: readonly HostState[], rescuable: boolean): Promise<void> {
  const place = { rescuable, handler: false };
  await runInclude(play, entry, hosts, place, (entries, including) => runEntries(play, entries, including, rescuable));
}

/** A host runs equal mentions of a role once in a play, unless the role allows duplicates; a run that was all skipped is none. */
async function runRole(
  play: PlayRun,
  { role, tasks }: RoleEntry,
  hosts: readonly HostState[],
  rescuable: boolean,
): Promise<void> {
  const due = hosts.filter((host) => role.allowDuplicates || !host.rolesDone.has(role.key));
  await runEntries(play, tasks, due, rescuable);
  for (const host of due) if (host.isActive && host.rolesBegun.has(role.key)) host.rolesDone.add(role.key);
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
