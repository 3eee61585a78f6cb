import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keySlot } from '../../src/redis/node/key-slot.ts';
import { countSlots, evenSlots, formatSlots, mergeRanges, rangesOf, slotsOf } from '../../src/redis/slots/slots.ts';

describe('slots', () => {
  it("splits by redis-cli's formula", () => {
    expect(formatSlots(evenSlots(3), ' ')).toBe('0-5460 5461-10922 10923-16383');
    expect(formatSlots(evenSlots(4), ' ')).toBe('0-4095 4096-8191 8192-12287 12288-16383');
    expect(formatSlots(evenSlots(7).slice(0, 3), ' ')).toBe('0-2340 2341-4680 4681-7021');
  });

  it('covers every slot once for any number of masters', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (masters) => {
        const ranges = evenSlots(masters);
        expect(ranges).toHaveLength(masters);
        expect(mergeRanges(ranges)).toEqual([[0, 16383]]);
        expect(countSlots(ranges)).toBe(16384);
      }),
    );
  });

  it('goes from slots to ranges and back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 })), (slots) => {
        const ranges = rangesOf(slots);
        expect([...slotsOf(ranges)]).toEqual(slots.toSorted((a, b) => a - b));
        expect(mergeRanges(slots.map((slot) => [slot, slot] as const))).toEqual(ranges);
      }),
    );
  });

  it('hashes keys as the servers do', () => {
    expect(['foo', 'hello', '123456789'].map(keySlot)).toEqual([12182, 866, 12739]);
    expect(keySlot('{user1000}.following')).toBe(keySlot('user1000'));
    expect(keySlot('a{}b')).toBe(keySlot('a{}b'));
  });
});
