import { TaskError } from '../../errors/errors.ts';
import { encodeWords } from '../node/resp.ts';
import { KEY_TOO_LARGE_HINT, unmovable } from './large-keys.ts';
import { type Chunk, migrate, type Route } from './migrate-keys.ts';
import type { Mover } from './mover.ts';
import type { SlotMove } from './moves.ts';
import { StaleError } from './node-links.ts';
import { setSlots } from './set-slot.ts';
import { eachKey, listKeys, type SlotKeys } from './slot-keys.ts';
import { slotsOf } from './slots.ts';

/**
 * Slots whose marks are set, and keys looked at, in one pipeline. A server serves what arrives together in one go, and its clients wait for
 * all of it: the keys of eight slots take half a millisecond.
 */
const BATCH = 8;
/** While the keys of one batch move, others are looked at, opened and closed. Clients are redirected for what is open: not too many. */
const BATCHES_AT_ONCE = 5;

/**
 * Moves slots of one giver, target by target. For every slot the order is: importing on the target, migrating on the giver,
 * the keys, then the new owner on the target first, so that a crash leaves no slot without an owner; then the giver, then the rest.
 */
export async function moveSlots(mover: Mover, { from, to, slots }: SlotMove, fresh: boolean): Promise<void> {
  const batches: number[][] = [];
  for (const slot of slotsOf(slots)) {
    const last = batches.at(-1);
    if (last && last.length < BATCH) last.push(slot);
    else batches.push([slot]);
  }
  const lane = new Lane(mover);
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch && !mover.stopped; batch = batches.shift()) {
      await moveBatch(mover, { from, to, fresh }, batch, lane);
    }
  };
  await together(
    mover,
    Array.from({ length: BATCHES_AT_ONCE }, async () => await work()),
  );
}

/** All of them end before the first failure is thrown, so that nothing is still being sent behind it. */
export async function together(mover: Mover, work: readonly Promise<void>[]): Promise<void> {
  const failures: unknown[] = [];
  const watched = work.map(async (one) => {
    try {
      await one;
    } catch (error) {
      mover.stopped = true;
      failures.push(error);
    }
  });
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
}

async function moveBatch(mover: Mover, route: Route, batch: readonly number[], lane: Lane): Promise<void> {
  const [from, to] = [mover.links.view(route.from).self.id, mover.links.view(route.to).self.id];
  // Lets an interrupted run end here.
  await mover.io.sleep(0);
  const listed = await listKeys(mover, route.from, batch);
  const staying = await unmovable(mover, route.from, listed);
  mover.refused.push(...staying.values());
  const moving = batch.filter((slot) => !staying.has(slot));
  await setSlots(mover, route.to, moving, 'IMPORTING', from);
  await setSlots(mover, route.from, moving, 'MIGRATING', to);
  const emptied = await moveListed(
    mover,
    route,
    listed.filter(({ slot }) => !staying.has(slot)),
    lane,
  );
  await moveKeys(
    mover,
    route,
    moving.filter((slot) => !emptied.has(slot)),
    lane,
  );
  await setSlots(mover, route.to, moving, 'NODE', to);
  await setSlots(mover, route.from, moving, 'NODE', to);
  await tellOthers(mover, [route.from, route.to], moving, to);
  mover.moved.slots += moving.length;
}

/** Who cannot be told learns it by gossip. */
export async function tellOthers(
  mover: Mover,
  told: readonly string[],
  slots: readonly number[],
  owner: string,
): Promise<void> {
  const rest = mover.links.otherMasters(...told);
  await Promise.all(
    rest.map(async (name) => {
      await setSlots(mover, name, slots, 'NODE', owner).catch((error: unknown) => {
        if (!(error instanceof StaleError)) throw error;
      });
    }),
  );
}

/** Until none is left: a giver that marks a slot migrating takes no new key for it. */
export async function moveKeys(
  mover: Mover,
  route: Route,
  slots: readonly number[],
  lane = new Lane(mover),
): Promise<void> {
  for (let left = slots; left.length > 0; ) {
    if (mover.stopped) throw new StaleError('another move failed');
    const listed = await listKeys(mover, route.from, left);
    const [refusal] = (await unmovable(mover, route.from, listed)).values();
    if (refusal !== undefined) throw new TaskError(refusal, { hint: KEY_TOO_LARGE_HINT });
    const emptied = await moveListed(mover, route, listed, lane);
    left = listed.flatMap(({ slot }) => (emptied.has(slot) ? [] : [slot]));
  }
}

/** Gives the slots that had none left behind their last keys: what is open takes no new ones. */
async function moveListed(
  mover: Mover,
  route: Route,
  listed: readonly SlotKeys[],
  lane: Lane,
): Promise<ReadonlySet<number>> {
  const emptied = new Set<number>();
  const chunks = listed.flatMap((entry) => chunksOf(entry, mover.pace.limits.bytes));
  await Promise.all(
    chunks.map(async (chunk) => {
      const left = await lane.run(async () => await migrate(mover, route, chunk));
      if (left === 0) emptied.add(chunk.slot);
    }),
  );
  mover.moved.keys += chunks.reduce((sum, chunk) => sum + chunk.keys.count, 0);
  return emptied;
}

/** Keys of one slot, divided so that no MIGRATE carries more than `limit` bytes, but for a single key that is larger. */
function chunksOf(entry: SlotKeys, limit: number): Chunk[] {
  const { slot, keys, share, large } = entry;
  if (large.size === 0 && keys.count * share <= limit) return [{ slot, keys, bytes: keys.count * share }];
  const chunks: { keys: string[]; bytes: number }[] = [];
  for (const { key, bytes: size } of eachKey(entry)) {
    const last = chunks.at(-1);
    if (last && last.bytes + size <= limit) {
      last.keys.push(key);
      last.bytes += size;
    } else chunks.push({ keys: [key], bytes: size });
  }
  return chunks.map((chunk) => ({ slot, keys: encodeWords(chunk.keys), bytes: chunk.bytes }));
}

/** Lets as many MIGRATEs of one giver be under way as the pace allows at the moment. */
class Lane {
  readonly #mover: Mover;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(mover: Mover) {
    this.#mover = mover;
  }

  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (this.#busy >= this.#mover.pace.limits.inFlight)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy += 1;
    try {
      return this.#mover.stopped ? undefined : await work();
    } finally {
      this.#busy -= 1;
      const room = Math.max(1, this.#mover.pace.limits.inFlight - this.#busy);
      for (const next of this.#waiting.splice(0, room)) next();
    }
  }
}
