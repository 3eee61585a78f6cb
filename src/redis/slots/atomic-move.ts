import { place as nameOf } from '../cluster/classify.ts';
import { errorIn } from '../node/resp.ts';
import type { AtomicWay } from '../versions/atomic-migration.ts';
import { LANGUAGES } from './job-languages.ts';
import { JobWatch } from './job-watch.ts';
import type { Mover } from './mover.ts';
import type { SlotMove } from './moves.ts';
import { StaleError } from './node-links.ts';
import { cancelJobs, isActive, isHopeless, jobsOf, type SlotJob } from './slot-jobs.ts';
import { countSlots, formatSlots, slotsOf } from './slots.ts';

export const POLL_MS = 100;
/** A few thousand small keys are handed over before the second of these has passed; the pauses grow from it. */
const FIRST_POLL_MS = 10;

/**
 * Has the servers hand all slots of a move over at one moment, and waits until they have. Gives undefined, or why it could not be:
 * nothing has moved then, and the taker throws away what it holds of it. A run that ends meanwhile leaves the job to the servers;
 * the next one finds it (see settleJobs).
 */
export async function moveAtomically(mover: Mover, move: SlotMove, way: AtomicWay): Promise<string | undefined> {
  const attempt = async (): Promise<string | undefined> =>
    (await start(mover, move, way)) ?? (await awaitEnd(mover, move, way));
  const problem = await (LANGUAGES[way].oneAtATime ? mover.turns.take(move.to, attempt) : attempt());
  if (problem !== undefined)
    return `${nameOf(mover.links.view(move.from))} could not hand slots ${formatSlots(move.slots)} over at once: ${problem}`;
  const keys = await countKeys(mover, move);
  mover.moved.slots += countSlots(move.slots);
  mover.moved.keys += keys;
  return undefined;
}

async function start({ links }: Mover, move: SlotMove, way: AtomicWay): Promise<string | undefined> {
  const { leader, start } = LANGUAGES[way];
  const [reply] = await links.send(leader(move), [start(move, links.view(move.to).self.id)]);
  return errorIn(reply);
}

/** Of a job that the leader's short memory has already lost, only a new look tells how it ended. */
async function awaitEnd(mover: Mover, move: SlotMove, way: AtomicWay): Promise<string | undefined> {
  const { io, links, stallMs } = mover;
  const leading = LANGUAGES[way].leader(move);
  const watch = new JobWatch(io.now(), stallMs);
  const place = `${move.from} to ${move.to}`;
  try {
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(POLL_MS, pauseMs * 2)) {
      const job = (await jobsOf(links, leading)).find((one) => isOf(mover, move, one));
      if (!job)
        throw new StaleError(`${nameOf(links.view(leading))} tells no more of slots that it was to have handed over`);
      if (job.state === 'success') return undefined;
      if (!isActive(job)) return job.message === '' ? job.state : job.message;
      mover.handing.set(place, job.state);
      const stalls = watch.stalls([job], io.now());
      if (stalls || isHopeless(job)) {
        await cancelJobs(links, way, move);
        return stalls ? `no progress for ${stallMs / 1000} s in state ${job.state}` : job.message;
      }
      await io.sleep(pauseMs);
    }
  } finally {
    mover.handing.delete(place);
  }
}

function isOf({ links }: Mover, { from, to, slots }: SlotMove, job: SlotJob): boolean {
  const [giver, taker] = [links.view(from).self.id, links.view(to).self.id];
  return job.leads && job.from === giver && job.to === taker && formatSlots(job.slots) === formatSlots(slots);
}

async function countKeys({ links }: Mover, { to, slots }: SlotMove): Promise<number> {
  const commands = [...slotsOf(slots)].map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]);
  const replies = await links.send(to, commands);
  return replies.reduce<number>((sum, reply) => sum + (typeof reply === 'number' ? reply : 0), 0);
}
