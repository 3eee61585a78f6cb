import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { ownershipOf } from '../../src/redis/slots/ownership.ts';
import { mergeRanges, rangesOf, SLOT_COUNT, type SlotRange, slotsOf } from '../../src/redis/slots/slots.ts';

const range = fc
  .tuple(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), fc.integer({ min: 0, max: 300 }))
  .map(([first, more]): SlotRange => [first, Math.min(first + more, SLOT_COUNT - 1)]);
const claims = fc.array(fc.array(range, { maxLength: 4 }).map(mergeRanges), { maxLength: 5 });

it('counts owners slot by slot', () => {
  fc.assert(
    fc.property(claims, (all) => {
      const seen = all.map((slots) => ({ self: { slots } }) as unknown as SeenNode);
      const count = new Uint8Array(SLOT_COUNT);
      for (const slots of all) for (const slot of slotsOf(slots)) count[slot] = (count[slot] ?? 0) + 1;
      const where = (holds: (owners: number) => boolean) =>
        rangesOf([...count.keys()].filter((slot) => holds(count[slot] ?? 0)));
      const contested = where((owners) => owners > 1);
      const { claimants, ...slots } = ownershipOf(seen);
      expect(slots).toEqual({ unowned: where((owners) => owners === 0), contested });
      const isContested = (slot: number) => (count[slot] ?? 0) > 1;
      expect(claimants).toEqual(seen.filter((_, index) => [...slotsOf(all[index] ?? [])].some(isContested)));
    }),
    { numRuns: 60 },
  );
});
