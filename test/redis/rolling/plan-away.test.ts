import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeName } from '../../../src/redis/cluster/topology.ts';
import { planAway } from '../../../src/redis/rolling/plan-away.ts';
import { rollingNodes } from '../../../src/redis/rolling/rolling-node.ts';
import { servingCluster, servingViews } from './serving.ts';

/** h1 to h3 are masters in zones z1 to z3; h4 follows h1 and stands in z1 as well, unless the test says otherwise. */
function nodes(replicas: number) {
  return rollingNodes(servingCluster(3, replicas), servingViews(3, replicas));
}

describe('taking nodes away for a while', () => {
  it('hands a master over before it stops', () => {
    const plan = planAway(nodes(1), new Set(['h1:6379']));
    expect(plan).toEqual({ handovers: [{ master: 'h1:6379', heir: 'h4:6379' }], stops: ['h1:6379'], refusals: [] });
  });

  it('stops a replica as it is, and does nothing for what is down already', () => {
    expect(planAway(nodes(1), new Set(['h5:6379']))).toEqual({ handovers: [], stops: ['h5:6379'], refusals: [] });
    const down = nodes(1).map((node) => (node.name === 'h5:6379' ? { ...node, down: true, inSync: false } : node));
    expect(planAway(down, new Set(['h5:6379']))).toEqual({ handovers: [], stops: [], refusals: [] });
  });

  it('refuses what would leave a shard to nobody, or take two nodes of it', () => {
    expect(planAway(nodes(1), new Set(['h1:6379', 'h4:6379'])).refusals.join()).toMatch(
      /h1:6379, h4:6379: nobody would be left/,
    );
    expect(planAway(nodes(2), new Set(['h1:6379', 'h4:6379'])).refusals.join()).toMatch(/2 nodes of one shard/);
    expect(planAway(nodes(0), new Set(['h2:6379'])).refusals.join()).toMatch(/h2:6379: nobody would be left/);
    const down = nodes(2).map((node) => (node.name === 'h7:6379' ? { ...node, down: true } : node));
    expect(planAway(down, new Set(['h1:6379'])).refusals.join()).toMatch(/h7:6379 of the same shard is down already/);
    const behind = nodes(1).map((node) => (node.name === 'h4:6379' ? { ...node, inSync: false } : node));
    expect(planAway(behind, new Set(['h1:6379'])).refusals.join()).toMatch(/no replica of it is in sync/);
  });

  it('whatever leaves, every shard keeps a node that serves, and loses one at most', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.array(fc.nat(11)), (replicas, picks) => {
        const all = nodes(replicas);
        const leaving = new Set(picks.flatMap((pick) => all[pick % all.length]?.name ?? []));
        const plan = planAway(all, leaving);
        const heirs = new Set(plan.handovers.map(({ heir }) => heir));
        for (const master of all.filter(({ role }) => role === 'master')) {
          const shard = all.filter((node) => (node.master ?? node.name) === master.name);
          const stops = shard.filter(({ name }) => plan.stops.includes(name));
          expect(stops.length).toBeLessThanOrEqual(1);
          const serving = plan.stops.includes(master.name) ? shard.filter(({ name }) => heirs.has(name)) : [master];
          expect(serving.filter(({ name }) => !plan.stops.includes(name))).toHaveLength(1);
        }
        expect(plan.stops.length === leaving.size || plan.refusals.length > 0).toBe(true);
      }),
    );
  });

  it('names nodes as people do', () => {
    expect(servingCluster(3, 1).nodes.map(nodeName)).toEqual(nodes(1).map(({ name }) => name));
  });
});
