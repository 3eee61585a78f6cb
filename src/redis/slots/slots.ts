/** Hash slots as sorted, disjoint, inclusive ranges. */
export type SlotRange = readonly [first: number, last: number];
export const SLOT_COUNT = 16384;

/** Sorted ranges of a set of slots. */
export function rangesOf(slots: Iterable<number>): SlotRange[] {
  const ranges: [number, number][] = [];
  for (const slot of [...new Set(slots)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** The same slots as sorted ranges that neither touch nor overlap. */
export function mergeRanges(ranges: readonly SlotRange[]): SlotRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** What is left of `ranges` without the slots of `taken`. */
export function withoutSlots(ranges: readonly SlotRange[], taken: readonly SlotRange[]): SlotRange[] {
  return mergeRanges(taken).reduce<SlotRange[]>(
    (left, [from, until]) =>
      left.flatMap(([first, last]): SlotRange[] => {
        if (until < first || from > last) return [[first, last]];
        const before: SlotRange[] = first < from ? [[first, from - 1]] : [];
        return last > until ? [...before, [until + 1, last]] : before;
      }),
    mergeRanges(ranges),
  );
}

export function* slotsOf(ranges: readonly SlotRange[]): Generator<number> {
  for (const [first, last] of ranges) for (let slot = first; slot <= last; slot += 1) yield slot;
}

export function countSlots(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** `0-5460,9000`, as redis-trib and CLUSTER NODES write it. */
export function formatSlots(ranges: readonly SlotRange[], separator = ','): string {
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(separator);
}

/** redis-cli's formula for an even split: 0-5460, 5461-10922, 10923-16383 for three masters. */
export function evenSlots(masters: number): SlotRange[] {
  const perMaster = SLOT_COUNT / masters;
  const ranges: SlotRange[] = [];
  let first = 0;
  let cursor = 0;
  for (let index = 0; index < masters; index += 1) {
    const rounded = Math.round(cursor + perMaster - 1);
    const last = index === masters - 1 || rounded > SLOT_COUNT - 1 ? SLOT_COUNT - 1 : Math.max(rounded, first);
    ranges.push([first, last]);
    first = last + 1;
    cursor += perMaster;
  }
  return ranges;
}
