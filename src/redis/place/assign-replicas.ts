import type { DeclaredNode } from '../cluster/topology.ts';
import { FlowNetwork } from './flow.ts';
import { type Shard, sharesZone, zoneOf } from './placement-score.ts';

/** Prices in the order of the score's components; each outweighs any number of the next. */
const MASTER_HOST = 1e9;
const MASTER_ZONE = 1e6;
const SIBLING_HOST = 1e3;
const SIBLING_ZONE = 1;

/**
 * Gives each free node to a shard that still lacks replicas, exactly optimal for the given masters. A vertex stands for
 * (host, shard) and one for (zone, shard), since siblings in one host or zone are priced progressively.
 */
export function assignReplicas(
  nodes: readonly DeclaredNode[],
  shards: readonly Shard[],
  free: readonly number[],
  wanted: readonly number[],
): Shard[] {
  const network = new FlowNetwork();
  const source = network.addVertex();
  const sink = network.addVertex();
  const hosts = groupBy(free, (index) => nodes[index]?.host ?? '');
  const hostVertex = new Map<string, number>();
  for (const [host, members] of hosts) {
    const vertex = network.addVertex();
    hostVertex.set(host, vertex);
    network.addArc(source, vertex, members.length, 0);
  }
  const taken = shards.map((shard, position) => {
    const vertex = network.addVertex();
    const places = wanted[position] ?? 0;
    network.addArc(vertex, sink, places, 0);
    return shardArcs(network, nodes, shard, vertex, places, hosts, hostVertex);
  });
  network.run(source, sink);
  return shards.map((shard, position) => {
    const added: number[] = [];
    for (const [host, flow] of taken[position] ?? []) added.push(...(hosts.get(host) ?? []).splice(0, flow()));
    return { master: shard.master, replicas: [...shard.replicas, ...added] };
  });
}

function shardArcs(
  network: FlowNetwork,
  nodes: readonly DeclaredNode[],
  shard: Shard,
  shardVertex: number,
  wanted: number,
  hosts: ReadonlyMap<string, readonly number[]>,
  hostVertex: ReadonlyMap<string, number>,
): Map<string, () => number> {
  const zoneVertex = new Map<string, number>();
  const flows = new Map<string, () => number>();
  const master = nodes[shard.master];
  const present = shard.replicas.flatMap((index) => nodes[index] ?? []);
  for (const [host, members] of hosts) {
    const example = nodes[members[0] ?? -1];
    const from = hostVertex.get(host);
    if (!example || !master || from === undefined) continue;
    const zone = zoneOf(example);
    let zoneEntry = zoneVertex.get(zone);
    if (zoneEntry === undefined) {
      zoneEntry = network.addVertex();
      zoneVertex.set(zone, zoneEntry);
      const siblings = present.filter((node) => zoneOf(node) === zone).length;
      const base = sharesZone(example, master) ? MASTER_ZONE : 0;
      for (let nth = 0; nth < wanted; nth += 1) {
        network.addArc(zoneEntry, shardVertex, 1, base + (siblings + nth) * SIBLING_ZONE);
      }
    }
    const siblings = present.filter((node) => node.host === host).length;
    const base = host === master.host ? MASTER_HOST : 0;
    const arcs = members
      .slice(0, wanted)
      .map((_, nth) => network.addArc(from, zoneEntry, 1, base + (siblings + nth) * SIBLING_HOST));
    flows.set(host, () => arcs.reduce((sum, flow) => sum + flow(), 0));
  }
  return flows;
}

function groupBy(indices: readonly number[], keyOf: (index: number) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const index of indices) groups.set(keyOf(index), [...(groups.get(keyOf(index)) ?? []), index]);
  return groups;
}
