import type { DeclaredCluster } from '../../../src/redis/cluster/topology.ts';
import type { NodeView } from '../../../src/redis/node/observe.ts';
import { evenSlots } from '../../../src/redis/slots/slots.ts';
import { ModelCluster } from '../model.ts';

/** A declared cluster with one node on each host, dealt out to three zones. */
export function servingCluster(masters: number, replicas: number): DeclaredCluster {
  const nodes = [...Array(masters * (replicas + 1)).keys()].map((n) => ({
    host: `h${n + 1}`,
    address: `10.0.0.${n + 1}`,
    port: 6379,
    zone: `z${(n % 3) + 1}`,
  }));
  return { name: 'main', nodes, replicas, placement: 'zones', nodeTimeoutMs: 5000, allow: [] };
}

/** What its nodes say when it serves: of three masters with two replicas, h1 has h4 and h7, h2 has h5 and h8, and so on. */
export function servingViews(masters: number, replicas: number): readonly NodeView[] {
  const cluster = servingCluster(masters, replicas);
  const model = new ModelCluster(cluster);
  const shares = evenSlots(masters);
  model.nodes.forEach((node, n) => {
    for (const other of model.nodes) if (other !== node) node.known.add(other.id);
    const share = shares[n];
    if (share) node.slots = [share];
    else node.master = model.nodes[n % masters]?.id;
  });
  return model.views(cluster);
}
