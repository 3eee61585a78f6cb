import type { SeenNode } from '../node/observe.ts';
import { rangesOf, SLOT_COUNT, type SlotRange } from './slots.ts';

/** What the nodes' own claims add up to. */
export interface Ownership {
  readonly unowned: readonly SlotRange[];
  readonly contested: readonly SlotRange[];
  /** Nodes that claim a contested slot. */
  readonly claimants: readonly SeenNode[];
}

export function ownershipOf(seen: readonly SeenNode[]): Ownership {
  const owners = new Uint16Array(SLOT_COUNT);
  for (const view of seen) {
    for (const [first, last] of view.self.slots) {
      for (let slot = first; slot <= last; slot += 1) owners[slot] = (owners[slot] ?? 0) + 1;
    }
  }
  const unowned: number[] = [];
  const contested: number[] = [];
  for (const [slot, count] of owners.entries()) {
    if (count === 0) unowned.push(slot);
    else if (count > 1) contested.push(slot);
  }
  const claimants = seen.filter((view) =>
    view.self.slots.some(([first, last]) => contested.some((slot) => slot >= first && slot <= last)),
  );
  return { unowned: rangesOf(unowned), contested: rangesOf(contested), claimants };
}
