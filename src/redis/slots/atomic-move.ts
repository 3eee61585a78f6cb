import { place as nameOf } from '../cluster/classify.ts';
import { errorIn } from '../node/resp.ts';
import { JobWatch } from './job-watch.ts';
import type { Mover } from './mover.ts';
import type { SlotMove } from './moves.ts';
import { StaleError } from './node-links.ts';
import { isActive, jobsOf, type SlotJob } from './slot-jobs.ts';
import { countSlots, formatSlots, slotsOf } from './slots.ts';

export const POLL_MS = 100;

/**
 * Has the giver hand all slots of a move over at one moment (CLUSTER MIGRATESLOTS), and waits until it has. Gives undefined, or
 * why it could not be: nothing has moved then, and the taker throws away what it holds of it. A run that ends meanwhile leaves the
 * job to the servers; the next one finds it (see settleJobs).
 */
export async function moveAtomically(mover: Mover, move: SlotMove): Promise<string | undefined> {
  const problem = (await start(mover, move)) ?? (await awaitEnd(mover, move));
  if (problem !== undefined)
    return `${nameOf(mover.links.view(move.from))} could not hand slots ${formatSlots(move.slots)} over at once: ${problem}`;
  const keys = await countKeys(mover, move);
  mover.moved.slots += countSlots(move.slots);
  mover.moved.keys += keys;
  return undefined;
}

async function start(mover: Mover, { from, to, slots }: SlotMove): Promise<string | undefined> {
  const ranges = slots.flatMap(([first, last]) => [String(first), String(last)]);
  const target = mover.links.view(to).self.id;
  const [reply] = await mover.links.send(from, [['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...ranges, 'NODE', target]]);
  return errorIn(reply);
}

/** Of a job that the giver's short memory has already lost, only a new look tells how it ended. */
async function awaitEnd(mover: Mover, move: SlotMove): Promise<string | undefined> {
  const { io, links, stallMs } = mover;
  const watch = new JobWatch(io.now(), stallMs);
  const place = `${move.from} to ${move.to}`;
  try {
    for (;;) {
      const job = (await jobsOf(links, move.from)).find((one) => isOf(mover, move, one));
      if (!job)
        throw new StaleError(`${nameOf(links.view(move.from))} tells no more of slots that it was handing over`);
      if (job.state === 'success') return undefined;
      if (!isActive(job)) return job.message === '' ? job.state : job.message;
      mover.handing.set(place, job.state);
      if (watch.stalls([job], io.now())) {
        await links.send(move.from, [['CLUSTER', 'CANCELSLOTMIGRATIONS']]);
        return `no progress for ${stallMs / 1000} s in state ${job.state}`;
      }
      await io.sleep(POLL_MS);
    }
  } finally {
    mover.handing.delete(place);
  }
}

function isOf({ links }: Mover, { to, slots }: SlotMove, job: SlotJob): boolean {
  return job.isExport && job.to === links.view(to).self.id && formatSlots(job.slots) === formatSlots(slots);
}

async function countKeys({ links }: Mover, { to, slots }: SlotMove): Promise<number> {
  const commands = [...slotsOf(slots)].map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]);
  const replies = await links.send(to, commands);
  return replies.reduce<number>((sum, reply) => sum + (typeof reply === 'number' ? reply : 0), 0);
}
