import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIntoBatches } from '../../src/engine/batches.ts';

const ten = Array.from({ length: 10 }, (_, index) => `h${index}`);

describe('serial batches', () => {
  it.each<[(number | string)[], number[]]>([
    [[], [10]],
    [[3], [3, 3, 3, 1]],
    [
      [1, '30%'],
      [1, 3, 3, 3],
    ],
    [
      ['25%', 4],
      [2, 4, 4],
    ],
    [['5%'], Array.from({ length: 10 }, () => 1)],
    [['0%'], Array.from({ length: 10 }, () => 1)],
    [
      [1, 0],
      [1, 9],
    ],
    [[-1], [10]],
    [['100%'], [10]],
    [['4'], [4, 4, 2]],
  ])('%j gives sizes %j', (serial, sizes) => {
    expect(splitIntoBatches(ten, serial).map((batch) => batch.length)).toEqual(sizes);
  });

  it('keeps every host once and in order, whatever the sizes', () => {
    const size = fc.oneof(
      fc.integer({ min: -2, max: 12 }),
      fc.integer({ min: 0, max: 120 }).map((share) => `${share}%`),
    );
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 30 }), fc.array(size, { maxLength: 4 }), (hosts, serial) => {
        expect(splitIntoBatches(hosts, serial).flat()).toEqual(hosts);
      }),
    );
  });
});
