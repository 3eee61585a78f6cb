import { type DeclaredCluster, nodeName, type Role } from '../cluster/topology.ts';
import type { MemberLine } from '../node/nodes-line.ts';
import type { NodeView, SeenNode, UnseenNode } from '../node/observe.ts';
import { countSlots } from '../slots/slots.ts';

/** What a rolling operation has to know of a node. Nodes go by name (`host:port`). */
export interface RollingNode {
  readonly name: string;
  readonly host: string;
  /** What fails together. */
  readonly zone: string;
  /** Nothing listens on its port: it was stopped, or it crashed. */
  readonly down: boolean;
  readonly role: Role;
  /** The master that it replicates. */
  readonly master: string | undefined;
  readonly slots: number;
  /** Replicas: linked to the master and done with syncing. */
  readonly inSync: boolean;
  readonly offset: number;
  readonly version: string | undefined;
  /** Why its keys would not survive a restart, as a clause. */
  readonly perishable: string | undefined;
}

/** Nodes that cannot be asked for another reason than that nothing listens there are for the caller to judge. */
export function rollingNodes(cluster: DeclaredCluster, views: readonly NodeView[]): RollingNode[] {
  const seen = views.filter((view) => view.seen);
  const names = new Map(seen.map((view) => [view.self.id, nodeName(view.node)]));
  for (const line of seen.flatMap(({ others }) => others)) {
    const node = declaredAt(cluster, line);
    if (node !== undefined && !names.has(line.id)) names.set(line.id, node);
  }
  return views.map((view) => (view.seen ? fromItself(view, names) : fromPeers(view, seen, names)));
}

function declaredAt(cluster: DeclaredCluster, line: MemberLine): string | undefined {
  const node = cluster.nodes.find(({ port, address }) => port === line.port && address === line.address);
  return node && nodeName(node);
}

function fromItself(view: SeenNode, names: ReadonlyMap<string, string>): RollingNode {
  const { masterId } = view.self;
  return {
    name: nodeName(view.node),
    host: view.node.host,
    zone: view.node.zone ?? view.node.host,
    down: false,
    role: view.role,
    master: view.role === 'replica' && masterId !== undefined ? names.get(masterId) : undefined,
    slots: countSlots(view.self.slots),
    inSync: view.linkUp && !view.syncing,
    offset: view.replOffset,
    version: `${view.flavor} ${view.version}`,
    perishable: view.role === 'master' && view.keys > 0 ? view.perishable : undefined,
  };
}

/** What the others believe of a node that is down: enough to know its shard. */
function fromPeers(view: UnseenNode, seen: readonly SeenNode[], names: ReadonlyMap<string, string>): RollingNode {
  const { node } = view;
  const line = seen
    .flatMap(({ others }) => others)
    .find(({ port, address }) => port === node.port && address === node.address);
  return {
    name: nodeName(node),
    host: node.host,
    zone: node.zone ?? node.host,
    down: true,
    role: line?.masterId === undefined ? 'master' : 'replica',
    master: line?.masterId === undefined ? undefined : names.get(line.masterId),
    slots: countSlots(line?.slots ?? []),
    inSync: false,
    offset: 0,
    version: undefined,
    perishable: undefined,
  };
}
