import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Owner, planMoves, type SlotMove } from '../../src/redis/slots/moves.ts';
import { countSlots, evenSlots, formatSlots, rangesOf, SLOT_COUNT, slotsOf } from '../../src/redis/slots/slots.ts';
import { drainTargets, isUneven, levelTargets, type Share } from '../../src/redis/slots/targets.ts';

/** Any division of all slots among up to twelve masters, from whole shares to confetti. */
const ownersArbitrary = fc
  .record({
    masters: fc.integer({ min: 1, max: 12 }),
    cuts: fc.array(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), { maxLength: 60 }),
    seed: fc.array(fc.nat(11), { minLength: 61, maxLength: 61 }),
  })
  .map(({ masters, cuts, seed }): Owner[] => {
    const starts = [...new Set([0, ...cuts])].sort((a, b) => a - b);
    const slots: number[][] = Array.from({ length: masters }, () => []);
    starts.forEach((start, index) => {
      const end = starts[index + 1] ?? SLOT_COUNT;
      for (let slot = start; slot < end; slot += 1) slots[(seed[index] ?? 0) % masters]?.push(slot);
    });
    return slots.map((own, index) => ({ name: `m${index}`, slots: rangesOf(own) }));
  });
const weightArbitrary = fc.constantFrom(0, 0.5, 1, 1, 1, 2, 3.7);

function sharesOf(owners: readonly Owner[], weights: readonly number[]): Share[] {
  return owners.map(({ slots }, index) => ({ owned: countSlots(slots), weight: weights[index] ?? 1 }));
}

/** Throws when a slot is given by one who does not own it. */
function carriedOut(owners: readonly Owner[], moves: readonly SlotMove[]): Map<string, Set<number>> {
  const state = new Map(owners.map(({ name, slots }) => [name, new Set(slotsOf(slots))]));
  for (const { from, to, slots } of moves) {
    for (const slot of slotsOf(slots)) {
      if (state.get(from)?.delete(slot) !== true) throw new Error(`${from} does not own ${slot}`);
      state.get(to)?.add(slot);
    }
  }
  return state;
}

function moved(moves: readonly SlotMove[]): number {
  return moves.reduce((sum, { slots }) => sum + countSlots(slots), 0);
}

describe('levelling by weight', () => {
  it('gives five masters their share of what three own, each in one run', () => {
    const owners = [...evenSlots(3).map((range) => [range]), [], []].map((slots, i) => ({ name: `m${i}`, slots }));
    const moves = planMoves(owners, levelTargets(sharesOf(owners, [])));
    expect(moves.map(({ from, to, slots }) => `${from} > ${to}: ${formatSlots(slots)}`)).toEqual([
      'm0 > m3: 3277-5460',
      'm1 > m3: 8738-9830',
      'm1 > m4: 9831-10922',
      'm2 > m4: 14200-16383',
    ]);
    expect([...carriedOut(owners, moves).values()].map(({ size }) => size)).toEqual([3277, 3277, 3277, 3277, 3276]);
  });

  it('keeps every slot owned once, balances within one slot, and moves no more than it must', () => {
    fc.assert(
      fc.property(ownersArbitrary, fc.array(weightArbitrary, { minLength: 12, maxLength: 12 }), (owners, weights) => {
        const shares = sharesOf(owners, weights);
        fc.pre(shares.some(({ weight }) => weight > 0));
        const targets = levelTargets(shares);
        const moves = planMoves(owners, targets);
        const state = carriedOut(owners, moves);
        expect([...state.values()].flatMap((slots) => [...slots]).sort((a, b) => a - b)).toEqual(
          Array.from({ length: SLOT_COUNT }, (_, slot) => slot),
        );
        const total = shares.reduce((sum, { weight }) => sum + weight, 0);
        let least = 0;
        owners.forEach(({ name }, index) => {
          const share = (SLOT_COUNT * (shares[index]?.weight ?? 0)) / total;
          expect(Math.abs((state.get(name)?.size ?? 0) - share)).toBeLessThan(1);
          least += Math.max(0, (shares[index]?.owned ?? 0) - Math.ceil(share - 1e-6));
        });
        // Not fewer than every surplus over the rounded up share, not more than those roundings on top.
        expect(moved(moves)).toBeGreaterThanOrEqual(least);
        expect(moved(moves)).toBe(
          shares.reduce((sum, { owned }, index) => sum + Math.max(0, owned - (targets[index] ?? 0)), 0),
        );
        expect(moves.length).toBeLessThan(owners.length * 2 + 60);
        const after = owners.map(({ name }) => ({ name, slots: rangesOf(state.get(name) ?? []) }));
        expect(planMoves(after, levelTargets(sharesOf(after, weights)))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('finds no division into rounded shares that moves fewer slots', () => {
    const few = fc.array(fc.record({ owned: fc.nat(9), weight: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(few, (shares) => {
        const total = shares.reduce((sum, { owned }) => sum + owned, 0);
        const given = (targets: readonly number[]): number =>
          shares.reduce((sum, { owned }, index) => sum + Math.max(0, owned - (targets[index] ?? 0)), 0);
        const weights = shares.reduce((sum, { weight }) => sum + weight, 0);
        const best = roundings(shares.map(({ weight }) => (total * weight) / weights))
          .filter((targets) => targets.reduce((sum, target) => sum + target, 0) === total)
          .map(given);
        expect(given(levelTargets(shares, total))).toBe(Math.min(...best));
      }),
    );
  });

  it('is the same each time, whatever the seed of the day', () => {
    fc.assert(
      fc.property(ownersArbitrary, (owners) => {
        const targets = levelTargets(sharesOf(owners, []));
        expect(planMoves(owners, targets)).toEqual(planMoves(structuredClone(owners), targets));
      }),
      { numRuns: 20 },
    );
  });

  it('calls a deviation uneven only beyond the threshold', () => {
    const shares = [5461, 5462, 5461].map((owned) => ({ owned, weight: 1 }));
    expect(isUneven(shares, 2)).toBe(false);
    expect(isUneven([...shares, { owned: 0, weight: 1 }], 2)).toBe(true);
    expect(
      isUneven(
        [5500, 5423, 5461].map((owned) => ({ owned, weight: 1 })),
        2,
      ),
    ).toBe(false);
    expect(
      isUneven(
        [5600, 5323, 5461].map((owned) => ({ owned, weight: 1 })),
        2,
      ),
    ).toBe(true);
    expect(
      isUneven(
        [
          { owned: 1, weight: 0 },
          { owned: 16383, weight: 1 },
        ],
        50,
      ),
    ).toBe(true);
  });
});

describe('draining', () => {
  it('empties what has no weight, takes nothing from the others, and fills the lowest first', () => {
    fc.assert(
      fc.property(ownersArbitrary, fc.array(weightArbitrary, { minLength: 12, maxLength: 12 }), (owners, weights) => {
        const shares = sharesOf(owners, weights);
        fc.pre(shares.some(({ weight }) => weight > 0));
        const moves = planMoves(owners, drainTargets(shares));
        const state = carriedOut(owners, moves);
        const leaving = owners.filter((_, index) => shares[index]?.weight === 0);
        expect(moved(moves)).toBe(leaving.reduce((sum, { slots }) => sum + countSlots(slots), 0));
        const levels = owners.flatMap(({ name }, index) => {
          const { weight = 1, owned = 0 } = shares[index] ?? {};
          const size = state.get(name)?.size ?? 0;
          expect(weight === 0 ? size === 0 : size >= owned).toBe(true);
          return weight === 0 ? [] : [{ took: size > owned, before: (size - 1) / weight, now: (size + 1) / weight }];
        });
        const lowest = Math.min(...levels.map(({ now }) => now));
        for (const { took, before } of levels) if (took) expect(before).toBeLessThan(lowest);
      }),
      { numRuns: 60 },
    );
  });
});

/** Every way to round each number up or down. */
function roundings(exact: readonly number[]): number[][] {
  return exact.reduce<number[][]>(
    (all, share) =>
      all.flatMap((targets) =>
        [...new Set([Math.floor(share + 1e-6), Math.ceil(share - 1e-6)])].map((target) => [...targets, target]),
      ),
    [[]],
  );
}
