import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import { errorIn } from '../node/resp.ts';
import { type AtomicWay, atomicWayOf } from '../versions/atomic-migration.ts';
import { LANGUAGES } from './job-languages.ts';
import type { SlotMove } from './moves.ts';
import type { NodeLinks } from './node-links.ts';
import type { SlotRange } from './slots.ts';

/** Slots that the servers move, or moved lately, as one side tells it. */
export interface SlotJob {
  readonly name: string;
  /** The giver's own entry; the taker has one of the same name. */
  readonly isExport: boolean;
  /** The entry of the side that was told to do it, and that can be told to cancel it. */
  readonly leads: boolean;
  readonly slots: readonly SlotRange[];
  /** Ids of giver and taker; a replica of the taker does not tell them. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly state: string;
  /** Why it failed, or does time and again. */
  readonly message: string;
  /** How many times the servers began anew. */
  readonly retries: number;
  /** Grows while the other side is heard. */
  readonly pulse: number;
  /** Bytes that the giver has yet to send, where it tells. */
  readonly remaining: number;
}

const ENDED = new Set(['success', 'failed', 'cancelled']);
/** What failed so often would go on failing. */
const MOST_RETRIES = 3;

/** A taker that is still throwing away what an ended job brought counts as active: it would throw away what is moved there anew. */
export function isActive(job: SlotJob): boolean {
  return !ENDED.has(job.state);
}

export function isHopeless(job: SlotJob): boolean {
  return job.retries >= MOST_RETRIES;
}

/** The newest first. */
export async function jobsOf(links: NodeLinks, name: string): Promise<SlotJob[]> {
  const view = links.view(name);
  const way = atomicWayOf(view);
  if (way === undefined) return [];
  const { questions, parse } = LANGUAGES[way];
  const replies = await links.send(name, questions);
  const failed = replies.findIndex((reply) => errorIn(reply) !== undefined);
  if (failed >= 0) {
    const asked = questions[failed]?.join(' ') ?? '';
    throw new TaskError(
      `${nameOf(view)} does not tell which slots are on their way: ${asked}: ${errorIn(replies[failed])}`,
      { hint: `Let the user that rcdeploy logs in with run ${asked}.` },
    );
  }
  return parse(replies);
}

/** It may have ended at this moment, which the next look shows. */
export async function cancelJobs(links: NodeLinks, way: AtomicWay, move: Pick<SlotMove, 'from' | 'to'>): Promise<void> {
  for (const name of LANGUAGES[way].cancelsAt(move)) await links.send(name, [LANGUAGES[way].cancel]);
}
