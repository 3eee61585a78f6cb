import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import type { RespValue } from '../node/contract.ts';
import { errorIn } from '../node/resp.ts';
import type { NodeLinks } from './node-links.ts';
import { mergeRanges, type SlotRange } from './slots.ts';

/** An entry of CLUSTER GETSLOTMIGRATIONS: slots that the servers move, or moved lately. */
export interface SlotJob {
  readonly name: string;
  /** The giver's own entry; the taker has one of the same name. */
  readonly isExport: boolean;
  readonly slots: readonly SlotRange[];
  /** Ids of giver and taker; a replica of the taker does not tell them. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly state: string;
  /** Why it failed. */
  readonly message: string;
  /** Seconds since the epoch at which the other side was last heard. */
  readonly lastAck: number;
  /** Bytes that the giver has yet to send. */
  readonly remaining: number;
}

const ENDED = new Set(['success', 'failed', 'cancelled']);

/** A taker that is still throwing away what an ended job brought counts as active: it would throw away what is moved there anew. */
export function isActive(job: SlotJob): boolean {
  return !ENDED.has(job.state);
}

/** The newest first. */
export async function jobsOf(links: NodeLinks, name: string): Promise<SlotJob[]> {
  const [reply = null] = await links.send(name, [['CLUSTER', 'GETSLOTMIGRATIONS']]);
  const error = errorIn(reply);
  if (error !== undefined)
    throw new TaskError(`${nameOf(links.view(name))} does not tell which slots are on their way: ${error}`, {
      hint: 'Let the user that rcdeploy logs in with run CLUSTER GETSLOTMIGRATIONS (ACL category @admin).',
    });
  return parseJobs(reply);
}

export function parseJobs(reply: RespValue): SlotJob[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((entry): SlotJob => {
    const fields = fieldsOf(entry);
    return {
      name: fields.get('name') ?? '',
      isExport: fields.get('operation') === 'EXPORT',
      slots: parseRanges(fields.get('slot_ranges') ?? ''),
      from: fields.get('source_node'),
      to: fields.get('target_node'),
      state: fields.get('state') ?? '',
      message: fields.get('message') ?? '',
      lastAck: Number(fields.get('last_ack_time') ?? 0),
      remaining: Number(fields.get('remaining_repl_size') ?? 0),
    };
  });
}

/** A map is names and values in turn in RESP2. */
function fieldsOf(entry: RespValue): Map<string, string> {
  const fields = new Map<string, string>();
  if (!Array.isArray(entry)) return fields;
  for (let index = 0; index + 1 < entry.length; index += 2) fields.set(String(entry[index]), String(entry[index + 1]));
  return fields;
}

/** `0-9 20-20` */
function parseRanges(text: string): SlotRange[] {
  const words = text.split(' ').filter((word) => word !== '');
  return mergeRanges(
    words.map((word): SlotRange => {
      const [first = '', last = first] = word.split('-');
      return [Number(first), Number(last)];
    }),
  );
}
