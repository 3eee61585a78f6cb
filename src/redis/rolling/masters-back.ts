import type { DeclaredCluster } from '../cluster/topology.ts';
import { nodeName } from '../cluster/topology.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import { promotionsHome } from '../place/masters-home.ts';
import { failOver } from './failover.ts';
import { awaitHealth } from './health.ts';
import { type RollingNode, rollingNodes } from './rolling-node.ts';

interface Handover {
  readonly master: string;
  readonly heir: string;
}

/**
 * The fewest failovers after which masters stand as well as failovers can make it: rolling operations move masters, and the loss of a
 * zone shall not take the majority. Nothing where nothing would get better.
 */
export function planMastersBack(nodes: readonly RollingNode[]): Handover[] {
  const shards = nodes.flatMap(({ role, slots, down, name }, master) => {
    if (role !== 'master' || slots === 0 || down) return [];
    return [{ master, replicas: nodes.flatMap((node, index) => (node.master === name ? [index] : [])) }];
  });
  const mayLead = (index: number): boolean => isFit(nodes[index], nodes);
  return promotionsHome(nodes, shards, mayLead).flatMap(({ from, to }) => {
    const [master, heir] = [nodes[from], nodes[to]];
    return master && heir ? [{ master: master.name, heir: heir.name }] : [];
  });
}

/** In sync, and of its master's version: an older replica could not load what a newer master sends. */
function isFit(node: RollingNode | undefined, nodes: readonly RollingNode[]): boolean {
  if (!node || node.down || !node.inSync) return false;
  return nodes.find(({ name }) => name === node.master)?.version === node.version;
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
