import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loopItems } from '../../src/engine/loop-items.ts';
import { loopResult } from '../../src/engine/results.ts';
import type { Task } from '../../src/playbook/contract.ts';
import { scopeOf } from '../template/scope.ts';

type Flavour = NonNullable<Task['loop']>['flavour'];

const itemsOf = (flavour: Flavour, value: unknown) =>
  loopItems({ flavour, value, span: undefined } as NonNullable<Task['loop']>, scopeOf({}));

const leaf = fc.oneof(fc.integer(), fc.constantFrom('x', 'y', 'two words'), fc.boolean());
const nested = fc.array(fc.oneof(leaf, fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 2 })), { maxLength: 3 })), {
  maxLength: 5,
});

describe('items of loops', () => {
  it('of `loop` are the list itself', () => {
    fc.assert(
      fc.property(nested, (list) => {
        expect(itemsOf('loop', list)).toEqual(list);
      }),
    );
  });

  it('of with_items are flattened by one level', () => {
    fc.assert(
      fc.property(nested, (list) => {
        expect(itemsOf('items', list)).toEqual(list.flat(1));
      }),
    );
  });

  it('of with_together are as many as the longest list has, null where others end', () => {
    fc.assert(
      fc.property(fc.array(fc.array(leaf, { maxLength: 4 }), { minLength: 1, maxLength: 3 }), (lists) => {
        const longest = Math.max(...lists.map(({ length }) => length));
        const rows = Array.from({ length: longest }, (_, index) => lists.map((list) => list[index] ?? null));
        expect(itemsOf('together', lists)).toEqual(rows);
      }),
    );
  });

  it('of with_sequence count from start to end by stride', () => {
    const bound = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 1, max: 5 }), (start, length, stride) => {
        const end = start + length;
        const numbers = Array.from({ length: Math.floor(length / stride) + 1 }, (_, index) =>
          String(start + index * stride),
        );
        expect(itemsOf('sequence', `start=${start} end=${end} stride=${stride}`)).toEqual(numbers);
      }),
    );
  });

  it('of with_dict come back as the map that they were', () => {
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd e'), leaf, { noNullPrototype: true });
    fc.assert(
      fc.property(map, (value) => {
        const items = itemsOf('dict', value) as readonly { key: string; value: unknown }[];
        expect(Object.fromEntries(items.map((item) => [item.key, item.value]))).toEqual(value);
      }),
    );
  });
});

describe('the result of a whole loop', () => {
  const result = fc
    .record({ changed: fc.boolean() }, { requiredKeys: [] })
    .chain((base) =>
      fc.constantFrom(
        base,
        { ...base, failed: true },
        { changed: false, skipped: true },
        { ...base, unreachable: true },
      ),
    );

  it('has failed, changed or is unreachable when one is, and is skipped when all are', () => {
    fc.assert(
      fc.property(fc.array(result, { minLength: 1, maxLength: 6 }), (results) => {
        const whole = loopResult(results);
        const some = (key: 'changed' | 'failed' | 'unreachable') =>
          results.some((one) => (one as Record<string, unknown>)[key] === true);
        expect(whole.results).toEqual(results);
        expect(whole.changed).toBe(some('changed'));
        expect(whole.failed ?? false).toBe(some('failed'));
        expect(whole.unreachable ?? false).toBe(some('unreachable'));
        expect(whole.skipped).toBe(results.every((one) => 'skipped' in one));
      }),
    );
  });
});
