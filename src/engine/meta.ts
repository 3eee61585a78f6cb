import { loadInventory } from '../inventory/inventory.ts';
import type { Meta } from '../playbook/contract.ts';
import { judge } from './conditions.ts';
import { flushHandlers } from './handlers.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';

/** Instructions that each host follows by itself; the others are followed by all when they hold for the first host. */
const perHost = new Set<Meta['action']>(['end_host', 'noop', 'reset_connection']);

/** `meta`: an instruction to the run itself. */
export async function runMeta(play: PlayRun, meta: Meta, hosts: readonly HostState[]): Promise<void> {
  const asked = perHost.has(meta.action) ? hosts : hosts.slice(0, 1);
  const chosen = asked.filter((host) => holdsFor(play, meta, host));
  if (chosen.length > 0) await follow(play, meta, chosen, play.isFree ? hosts : play.batch);
}

async function follow(
  play: PlayRun,
  meta: Meta,
  chosen: readonly HostState[],
  all: readonly HostState[],
): Promise<void> {
  switch (meta.action) {
    case 'noop':
      return;
    case 'flush_handlers':
      return flushHandlers(play, all);
    case 'end_play':
      play.context.ending.whole = true;
      for (const host of play.batch) host.ended = true;
      return;
    case 'end_batch':
      for (const host of play.batch) host.ended = true;
      return;
    case 'end_host':
      for (const host of chosen) host.ended = true;
      return;
    case 'clear_facts':
      for (const host of play.batch) host.facts = {};
      return;
    case 'clear_host_errors':
      // Those that failed take part again from the next play on.
      for (const host of play.batch) {
        host.ended ||= host.failure !== undefined;
        host.failure = undefined;
        host.unreachable = false;
      }
      return;
    case 'refresh_inventory':
      play.run.useInventory(await loadInventory(play.run.request.inventorySources));
      return;
    case 'reset_connection':
      await Promise.all(
        chosen.map(({ name }) => play.run.connections.drop(play.run.ways.to(name, play.context, meta))),
      );
      for (const host of chosen) host.forgetReads();
      play.run.reader.forgetEarly();
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
