import type { DeclaredCluster } from '../cluster/topology.ts';
import { nodeName } from '../cluster/topology.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import { failOver } from './failover.ts';
import { awaitHealth } from './health.ts';
import { type RollingNode, rollingNodes } from './rolling-node.ts';

interface Handover {
  readonly master: string;
  readonly heir: string;
}

/**
 * Failovers after which no zone holds more masters than it must, when some holds too many: rolling operations move masters, and
 * the loss of a zone shall not take the majority. Nothing where nothing would get better.
 */
export function planMastersBack(nodes: readonly RollingNode[]): Handover[] {
  const shards = nodes
    .filter(({ role, slots, down }) => role === 'master' && slots > 0 && !down)
    .map((master) => ({ master, heirs: [master, ...nodes.filter((node) => mayFollow(node, master))] }));
  const chosen = shards.map(({ master }) => master);
  for (let crowd = crowding(chosen); ; crowd = crowding(chosen)) {
    let best = { crowd, shard: -1, heir: chosen[0] };
    shards.forEach(({ heirs }, shard) => {
      for (const heir of heirs) {
        const after = crowding(chosen.with(shard, heir));
        if (after < best.crowd) best = { crowd: after, shard, heir };
      }
    });
    if (best.shard < 0 || !best.heir) break;
    chosen[best.shard] = best.heir;
  }
  if (fullest(chosen) >= fullest(shards.map(({ master }) => master))) return [];
  return shards.flatMap(({ master }, shard) => {
    const heir = chosen[shard];
    return heir && heir !== master ? [{ master: master.name, heir: heir.name }] : [];
  });
}

function mayFollow(node: RollingNode, master: RollingNode): boolean {
  return node.master === master.name && node.inSync && !node.down && node.version === master.version;
}

/** Smaller the more evenly masters are spread; each move that spreads them better makes it smaller. */
function crowding(masters: readonly RollingNode[]): number {
  return [...perZone(masters).values()].reduce((sum, count) => sum + count * count, 0);
}

function fullest(masters: readonly RollingNode[]): number {
  return Math.max(0, ...perZone(masters).values());
}

function perZone(masters: readonly RollingNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { zone } of masters) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return counts;
}

/** Carries that out; returns what was done. */
export async function giveMastersBack(cluster: DeclaredCluster, io: ClusterIo, stallMs: number): Promise<string[]> {
  const steps: string[] = [];
  const handovers = planMastersBack(rollingNodes(cluster, await observeAll(cluster, io)));
  for (const { master, heir } of handovers) {
    const node = cluster.nodes.find((one) => nodeName(one) === heir);
    if (!node) continue;
    io.progress(`${heir} takes over from ${master}, so that masters are in as many zones as before`);
    await failOver(cluster, node, io);
    steps.push(`${heir}: take over from ${master}, for the sake of the zones`);
  }
  if (steps.length > 0) await awaitHealth(cluster, io, stallMs);
  return steps;
}
