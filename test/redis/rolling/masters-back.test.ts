import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMastersBack } from '../../../src/redis/rolling/masters-back.ts';
import { type RollingNode, rollingNodes } from '../../../src/redis/rolling/rolling-node.ts';
import { servingCluster, servingViews } from './serving.ts';

/** Three shards; the zones of each one's master and replica are given. */
function nodes(zones: readonly (readonly [string, string])[]): RollingNode[] {
  const all = rollingNodes(servingCluster(3, 1), servingViews(3, 1));
  return all.map((node, index) => ({ ...node, zone: zones[index % 3]?.[index < 3 ? 0 : 1] ?? '' }));
}

const fullest = (masters: readonly RollingNode[]): number =>
  Math.max(...masters.map(({ zone }) => masters.filter((one) => one.zone === zone).length));

describe('giving masters back to their zones', () => {
  it('moves as few as it takes', () => {
    expect(
      planMastersBack(
        nodes([
          ['z2', 'z1'],
          ['z2', 'z3'],
          ['z3', 'z1'],
        ]),
      ),
    ).toEqual([{ master: 'h1:6379', heir: 'h4:6379' }]);
  });

  it('leaves what is spread, what cannot be better, and what is not in sync', () => {
    expect(
      planMastersBack(
        nodes([
          ['z1', 'z2'],
          ['z2', 'z3'],
          ['z3', 'z1'],
        ]),
      ),
    ).toEqual([]);
    expect(
      planMastersBack(
        nodes([
          ['z1', 'z1'],
          ['z1', 'z1'],
          ['z2', 'z1'],
        ]),
      ),
    ).toEqual([]);
    const late = nodes([
      ['z2', 'z1'],
      ['z2', 'z3'],
      ['z3', 'z1'],
    ]).map((node) => ({ ...node, inSync: false }));
    expect(planMastersBack(late)).toEqual([]);
  });

  it('never makes it worse, and has nothing left to do afterwards', () => {
    const zone = fc.constantFrom('z1', 'z2', 'z3');
    fc.assert(
      fc.property(fc.array(fc.tuple(zone, zone), { minLength: 3, maxLength: 3 }), (zones) => {
        const before = nodes(zones);
        const moves = planMastersBack(before);
        const after = before.map((node): RollingNode => {
          const move = moves.find(({ master, heir }) => master === node.name || heir === node.name);
          if (!move) return node;
          return move.heir === node.name
            ? { ...node, role: 'master', master: undefined, slots: 1 }
            : { ...node, role: 'replica', master: move.heir, slots: 0, inSync: true };
        });
        const masters = (all: readonly RollingNode[]) => all.filter(({ role }) => role === 'master');
        if (moves.length > 0) expect(fullest(masters(after))).toBeLessThan(fullest(masters(before)));
        expect(planMastersBack(after)).toEqual([]);
      }),
    );
  });
});
