import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { led, promotionsHome } from '../../src/redis/place/masters-home.ts';
import { compareScores, type Shard, scoreOf } from '../../src/redis/place/placement-score.ts';

const everyone = (): boolean => true;

function nodesIn(zones: readonly string[]): DeclaredNode[] {
  return zones.map((zone, index) => ({ host: `h${index}`, address: `10.0.0.${index}`, port: 7000, zone }));
}

/** Every way to choose one master for each shard. */
function* layouts(shards: readonly Shard[]): Generator<Shard[]> {
  const [first, ...rest] = shards;
  if (!first) {
    yield [];
    return;
  }
  for (const leader of [first.master, ...first.replicas])
    for (const others of layouts(rest)) yield [led(first, leader), ...others];
}

function carriedOut(shards: readonly Shard[], promotions: ReturnType<typeof promotionsHome>): Shard[] {
  return shards.map((shard) => led(shard, promotions.find(({ from }) => from === shard.master)?.to ?? shard.master));
}

describe('masters back to their zones', () => {
  it('after a zone was away, only as many go back as it takes', () => {
    const nodes = nodesIn(['z1', 'z2', 'z3', 'z2', 'z3', 'z1']);
    const home: Shard[] = [
      { master: 0, replicas: [3] },
      { master: 1, replicas: [4] },
      { master: 2, replicas: [5] },
    ];
    expect(promotionsHome(nodes, home, everyone)).toEqual([]);
    const away = [{ master: 3, replicas: [0] }, ...home.slice(1)];
    expect(promotionsHome(nodes, away, everyone)).toEqual([{ from: 3, to: 0 }]);
    expect(promotionsHome(nodes, away, (index) => index !== 0)).not.toContainEqual({ from: 3, to: 0 });
  });

  it('is as good as the best of all choices of masters, with the fewest failovers, and then there is nothing left to do', () => {
    const zones = fc.array(fc.constantFrom('z1', 'z2', 'z3'), { minLength: 6, maxLength: 12 });
    fc.assert(
      fc.property(zones, fc.integer({ min: 1, max: 2 }), fc.nat(5), (names, replicas, shift) => {
        const nodes = nodesIn(names).map((node, index) => ({ ...node, host: `h${index % (4 + (shift % 3))}` }));
        const count = Math.floor(nodes.length / (replicas + 1));
        const shards = Array.from({ length: count }, (_, shard): Shard => {
          const members = Array.from({ length: replicas + 1 }, (_, member) => shard * (replicas + 1) + member);
          const [master = 0, ...others] = members;
          return { master, replicas: others };
        });
        const worth = (layout: readonly Shard[]) => scoreOf(nodes, layout).slice(0, 3);
        const moves = (layout: readonly Shard[]) =>
          layout.filter(({ master }, index) => master !== shards[index]?.master).length;
        const best = [...layouts(shards)].reduce((a, b) =>
          (compareScores(worth(b), worth(a)) || moves(b) - moves(a)) < 0 ? b : a,
        );
        const promotions = promotionsHome(nodes, shards, everyone);
        const after = carriedOut(shards, promotions);
        expect(worth(after)).toEqual(worth(best));
        expect(promotions).toHaveLength(moves(best));
        expect(promotionsHome(nodes, after, everyone)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
