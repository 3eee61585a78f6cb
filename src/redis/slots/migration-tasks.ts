import type { RespValue } from '../node/contract.ts';
import { infoNumber, parseInfo } from '../node/info.ts';
import { fieldsOf, parseRanges } from './job-fields.ts';
import type { SlotJob } from './slot-jobs.ts';

/**
 * CLUSTER MIGRATION STATUS ALL of Redis (redis.io/commands/cluster-migration), the newest first. A taker begins a task that failed
 * anew every second until it is cancelled; only what has an `end_time` has ended, and what failed at the giver. While keys of slots that are not its own are
 * being trimmed, CLUSTER INFO says so, and the server refuses SETSLOT for them.
 */
export function parseTasks(
  tasks: RespValue | undefined,
  cluster: RespValue | undefined,
  stats: RespValue | undefined,
): SlotJob[] {
  if (!Array.isArray(tasks)) return [];
  const isTrimming = (numberIn(cluster, 'cluster_slot_migration_active_trim_running') ?? 0) > 0;
  const heard = numberIn(stats, 'total_net_repl_input_bytes') ?? 0;
  return tasks.map((entry, index): SlotJob => {
    const fields = fieldsOf(entry);
    const isExport = fields.get('operation') === 'migrate';
    const state = stateOf(fields);
    const isCleaning = index === 0 && !isExport && isTrimming && state !== 'success';
    return {
      name: fields.get('id') ?? '',
      isExport,
      leads: !isExport,
      slots: parseRanges(fields.get('slots') ?? ''),
      from: fields.get('source'),
      to: fields.get('dest'),
      state: isCleaning ? 'cleaning-up' : state,
      message: fields.get('last_error') ?? '',
      retries: Number(fields.get('retries') ?? 0),
      pulse: isExport ? 0 : heard,
      remaining: 0,
    };
  });
}

const ENDS = new Map([
  ['completed', 'success'],
  ['canceled', 'cancelled'],
]);

function stateOf(fields: ReadonlyMap<string, string>): string {
  const state = fields.get('state') ?? '';
  const hasEnded =
    Number(fields.get('end_time') ?? 0) > 0 || (state === 'failed' && fields.get('operation') === 'migrate');
  if (hasEnded) return ENDS.get(state) ?? 'failed';
  return state === 'failed' ? 'retrying' : state;
}

function numberIn(reply: RespValue | undefined, name: string): number | undefined {
  return typeof reply === 'string' ? infoNumber(parseInfo(reply), name) : undefined;
}
