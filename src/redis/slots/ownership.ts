import type { SeenNode } from '../node/observe.ts';
import { mergeRanges, SLOT_COUNT, type SlotRange } from './slots.ts';

/** What the nodes' own claims add up to. */
export interface Ownership {
  readonly unowned: readonly SlotRange[];
  readonly contested: readonly SlotRange[];
  /** Nodes that claim a contested slot. */
  readonly claimants: readonly SeenNode[];
}

export function ownershipOf(seen: readonly SeenNode[]): Ownership {
  const unowned: SlotRange[] = [];
  const contested: SlotRange[] = [];
  const edges = seen.flatMap((view) =>
    view.self.slots.flatMap(([first, last]) => [edge(first, 1), edge(last + 1, -1)]),
  );
  edges.sort((a, b) => a.slot - b.slot);
  let owners = 0;
  let from = 0;
  for (const { slot, change } of [...edges, edge(SLOT_COUNT, 0)]) {
    if (slot > from && owners === 0) unowned.push([from, slot - 1]);
    if (slot > from && owners > 1) contested.push([from, slot - 1]);
    from = slot;
    owners += change;
  }
  const isContested = ([first, last]: SlotRange) => contested.some((range) => range[0] <= last && first <= range[1]);
  const claimants = seen.filter((view) => view.self.slots.some(isContested));
  return { unowned: mergeRanges(unowned), contested: mergeRanges(contested), claimants };
}

/** One owner more, or one less, from this slot on. */
function edge(slot: number, change: 1 | -1 | 0): { readonly slot: number; readonly change: number } {
  return { slot, change };
}
