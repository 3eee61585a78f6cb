import { countSlots, mergeRanges, type SlotRange } from './slots.ts';

/** Slots that change their owner; masters go by name. */
export interface SlotMove {
  readonly from: string;
  readonly to: string;
  readonly slots: readonly SlotRange[];
}

export interface Owner {
  readonly name: string;
  readonly slots: readonly SlotRange[];
}

/**
 * The fewest moves that give every master its target: who has too much gives exactly the surplus, and who has too little
 * takes it in as few contiguous runs as possible. The same state gives the same moves.
 */
export function planMoves(owners: readonly Owner[], targets: readonly number[]): SlotMove[] {
  const given = owners.flatMap((owner, index) => {
    const surplus = countSlots(owner.slots) - (targets[index] ?? 0);
    return surplus > 0 ? surplusOf(owner.slots, surplus).map((run) => ({ from: owner.name, run })) : [];
  });
  const moves = new Map<string, { from: string; to: string; slots: SlotRange[] }>();
  owners.forEach((owner, index) => {
    let missing = (targets[index] ?? 0) - countSlots(owner.slots);
    while (missing > 0) {
      const next = given.shift();
      if (!next) return;
      const [first, last] = next.run;
      const end = Math.min(last, first + missing - 1);
      if (end < last) given.unshift({ from: next.from, run: [end + 1, last] });
      const key = `${next.from} ${owner.name}`;
      const move = moves.get(key) ?? { from: next.from, to: owner.name, slots: [] };
      move.slots.push([first, end]);
      moves.set(key, move);
      missing -= end - first + 1;
    }
  });
  return [...moves.values()].map((move) => ({ ...move, slots: mergeRanges(move.slots) }));
}

/** Small runs whole, then the end of one that is larger: what stays is as contiguous as it can be. */
function surplusOf(slots: readonly SlotRange[], count: number): SlotRange[] {
  const runs: SlotRange[] = [];
  let left = count;
  for (const [first, last] of slots.toSorted((a, b) => a[1] - a[0] - (b[1] - b[0]) || a[0] - b[0])) {
    if (left === 0) break;
    const from = Math.max(first, last - left + 1);
    runs.push([from, last]);
    left -= last - from + 1;
  }
  return mergeRanges(runs);
}
