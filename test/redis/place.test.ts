import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { place, placementGaps, type Standing } from '../../src/redis/place/place.ts';
import { compareScores, type Score, type Shard, scoreOf } from '../../src/redis/place/placement-score.ts';

function cluster(hosts: readonly string[], changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
  const nodes = hosts.map((name, index): DeclaredNode => {
    const [zone, host = name] = name.includes('/') ? name.split('/') : [undefined, name];
    return { host, zone, address: `10.0.0.${host.length}${host.charCodeAt(0)}`, port: 7000 + index };
  });
  return { name: 'main', nodes, replicas: 1, placement: 'zones', allow: [], ...changes };
}

const allFree = (declared: DeclaredCluster): Standing[] => declared.nodes.map(() => ({ is: 'free' }));

function shown(declared: DeclaredCluster, shards: readonly Shard[]): string[] {
  const name = (index: number): string => `${declared.nodes[index]?.host}:${declared.nodes[index]?.port}`;
  return shards.map(({ master, replicas }) => `${name(master)} <- ${replicas.map(name).join(' ')}`);
}

/** The best score of any layout, by trying all of them. */
function bestByTrying(declared: DeclaredCluster, masters: number): Score {
  const count = declared.nodes.length;
  let best: Score | undefined;
  const tryReplicas = (shards: { master: number; replicas: number[] }[], rest: readonly number[]): void => {
    const [next, ...others] = rest;
    if (next === undefined) {
      const score = scoreOf(declared.nodes, shards);
      if (!best || compareScores(score, best) < 0) best = score;
      return;
    }
    for (const shard of shards) {
      if (shard.replicas.length >= declared.replicas) continue;
      shard.replicas.push(next);
      tryReplicas(shards, others);
      shard.replicas.pop();
    }
  };
  const choose = (from: number, chosen: readonly number[]): void => {
    if (chosen.length === masters) {
      const rest = declared.nodes.map((_, index) => index).filter((index) => !chosen.includes(index));
      tryReplicas(
        chosen.map((master) => ({ master, replicas: [] })),
        rest,
      );
      return;
    }
    for (let index = from; index < count; index += 1) choose(index + 1, [...chosen, index]);
  };
  choose(0, []);
  return best ?? [];
}

describe('place', () => {
  it('keeps the order of the declaration on one host', () => {
    const one = cluster(['a', 'a', 'a', 'a', 'a', 'a']);
    expect(shown(one, place(one, allFree(one)))).toEqual(['a:7000 <- a:7003', 'a:7001 <- a:7004', 'a:7002 <- a:7005']);
  });

  it('spreads masters and replicas over hosts', () => {
    const three = cluster(['a', 'a', 'b', 'b', 'c', 'c']);
    const shards = place(three, allFree(three));
    expect(placementGaps(three, shards)).toEqual([]);
    expect(scoreOf(three.nodes, shards)).toEqual([0, 0, 1, 0, 0, 1]);
  });

  it('never loses a majority with a zone where that is possible', () => {
    const zones = cluster(['x/a', 'x/b', 'x/c', 'y/d', 'z/e', 'z/f']);
    expect(placementGaps(zones, place(zones, allFree(zones)))).toEqual([]);
  });

  it('says what two zones cannot give', () => {
    const two = cluster(['x/a', 'x/b', 'x/c', 'y/d', 'y/e', 'y/f']);
    expect(placementGaps(two, place(two, allFree(two)))).toEqual([
      'zone x holds 2 of 3 masters: without it the cluster has no majority',
    ]);
  });

  it('is as good as the best of all layouts', () => {
    const inventories = fc.record({
      replicas: fc.constantFrom(1, 2),
      hosts: fc.array(fc.constantFrom('x/a', 'x/b', 'y/c', 'y/d', 'z/e', 'z/f', 'z/g'), { minLength: 9, maxLength: 9 }),
    });
    fc.assert(
      fc.property(inventories, ({ replicas, hosts }) => {
        const declared = cluster(replicas === 1 ? hosts.slice(0, 6) : hosts, { replicas });
        const score = scoreOf(declared.nodes, place(declared, allFree(declared)));
        expect(score).toEqual(bestByTrying(declared, 3));
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same answer each time and leaves nobody out', () => {
    const hosts = fc.array(fc.constantFrom('x/a', 'x/b', 'y/c', 'y/d', 'z/e', 'f', 'g'), {
      minLength: 6,
      maxLength: 30,
    });
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 1 }), (names, replicas) => {
        const declared = cluster(names, { replicas });
        const shards = place(declared, allFree(declared));
        expect(place(declared, allFree(declared))).toEqual(shards);
        const used = shards.flatMap(({ master, replicas: own }) => [master, ...own]).sort((a, b) => a - b);
        expect(used).toEqual(names.map((_, index) => index));
        expect(Math.min(...shards.map((shard) => shard.replicas.length))).toBeGreaterThanOrEqual(replicas);
      }),
      { numRuns: 60 },
    );
  });

  it('never moves a standing role; new nodes fill missing replicas first', () => {
    const declared = cluster(['a', 'b', 'c', 'a', 'b', 'd', 'e', 'f']);
    const standings: Standing[] = [
      ...[0, 1, 2].map((): Standing => ({ is: 'master' })),
      { is: 'replica', of: 1 },
      { is: 'replica', of: 2 },
      ...[5, 6, 7].map((): Standing => ({ is: 'free' })),
    ];
    expect(shown(declared, place(declared, standings))).toEqual([
      'a:7000 <- e:7006',
      'b:7001 <- a:7003',
      'c:7002 <- b:7004',
      'd:7005 <- f:7007',
    ]);
  });

  it('honours pinned roles', () => {
    const declared = cluster(['a', 'b', 'c', 'a', 'b', 'c']);
    const nodes = declared.nodes.map((node, index) => ({
      ...node,
      role: index < 3 ? ('replica' as const) : ('master' as const),
    }));
    const shards = place({ ...declared, nodes }, allFree(declared));
    expect(shards.map(({ master }) => master)).toEqual([3, 4, 5]);
    expect(placementGaps(declared, shards)).toEqual([]);
  });

  it("reproduces redis-trib's transcript of six nodes on one address", () => {
    const guide = cluster(['a', 'a', 'a', 'a', 'a', 'a'], { placement: 'redis-cli' });
    expect(shown(guide, place(guide, allFree(guide)))).toEqual([
      'a:7000 <- a:7004',
      'a:7001 <- a:7005',
      'a:7002 <- a:7003',
    ]);
  });

  it('places sixty nodes on thirty hosts in little time', () => {
    const names = Array.from({ length: 60 }, (_, index) => `z${index % 3}/h${index % 30}`);
    const declared = cluster(names);
    const started = performance.now();
    expect(placementGaps(declared, place(declared, allFree(declared)))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
