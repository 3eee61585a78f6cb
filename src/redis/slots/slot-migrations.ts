import type { RespValue } from '../node/contract.ts';
import { fieldsOf, parseRanges } from './job-fields.ts';
import type { SlotJob } from './slot-jobs.ts';

/** CLUSTER GETSLOTMIGRATIONS of Valkey. */
export function parseJobs(reply: RespValue | undefined): SlotJob[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((entry): SlotJob => {
    const fields = fieldsOf(entry);
    const isExport = fields.get('operation') === 'EXPORT';
    return {
      name: fields.get('name') ?? '',
      isExport,
      leads: isExport,
      slots: parseRanges(fields.get('slot_ranges') ?? ''),
      from: fields.get('source_node'),
      to: fields.get('target_node'),
      state: fields.get('state') ?? '',
      message: fields.get('message') ?? '',
      retries: 0,
      pulse: Number(fields.get('last_ack_time') ?? 0),
      remaining: Number(fields.get('remaining_repl_size') ?? 0),
    };
  });
}
