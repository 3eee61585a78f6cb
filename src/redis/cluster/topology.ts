import { isSameAddress } from '../../template/address.ts';
import type { NodeAccess, NodeQuery } from '../node/contract.ts';

export type Role = 'master' | 'replica';

/** One node as the inventory and the task declare it. */
export interface DeclaredNode {
  /** Inventory host: the failure domain, and where connections to the node start from. */
  readonly host: string;
  /** What peers and clients use. */
  readonly address: string;
  /** Where its own host finds it, when that is not `address`: one that it listens on, or the path of its unix socket. */
  readonly at?: string | undefined;
  readonly port: number;
  /** Only where it is not the port plus 10000 and the node does not say it itself. */
  readonly busPort?: number | undefined;
  readonly zone?: string | undefined;
  /** Pinned role; otherwise placement chooses. */
  readonly role?: Role | undefined;
  /** Share of the slots that it shall own beside the others' when they are levelled (1). */
  readonly weight?: number | undefined;
  readonly auth?: NodeAccess['auth'];
  readonly tls?: NodeAccess['tls'];
  readonly renamed?: NodeAccess['renamed'];
}

export type PlacementRule = 'zones' | 'hosts' | 'redis-cli';

export interface DeclaredCluster {
  readonly name: string;
  readonly nodes: readonly DeclaredNode[];
  /** Nodes to be emptied and forgotten; not among `nodes`. */
  readonly leaving?: readonly DeclaredNode[] | undefined;
  readonly replicas: number;
  /** Default: as many as the nodes give with that many replicas. */
  readonly masters?: number | undefined;
  readonly placement: PlacementRule;
  /** Milliseconds; undefined leaves what the nodes have. */
  readonly nodeTimeoutMs?: number | undefined;
  /** Level the slots of all masters by weight. */
  readonly rebalance?: boolean | undefined;
  /** Percent of its share that a master may be off before anything is levelled. */
  readonly threshold?: number | undefined;
  readonly allow: readonly Permission[];
  /** Hosts that are gone for good. */
  readonly lost?: readonly LostHost[] | undefined;
  /** By inventory host: what earlier runs left there. Redis itself stores no cluster's name. */
  readonly records?: ReadonlyMap<string, readonly ClusterRecord[]> | undefined;
}

export interface LostHost {
  readonly host: string;
  /** Tells its nodes where no record does. */
  readonly address?: string | undefined;
  /** Default: all nodes of the host. */
  readonly ports?: readonly number[] | undefined;
}

/**
 * What a run leaves on each host of a cluster: the cluster's name, which Redis itself does not store, and its members by id. It
 * tells later runs whether a node is ours, and who a dead node was that nobody knows an address of any more.
 */
export interface ClusterRecord {
  readonly cluster: string;
  readonly nodes: readonly RecordedNode[];
}

export interface RecordedNode {
  /** Inventory host. */
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly id: string;
}

/** A dangerous step that the run names a node for. */
export interface Permission {
  readonly node: string;
  readonly may: 'reset' | 'flush' | 'adopt' | 'take-slots';
}

/** Whether the run names this node for this dangerous step. */
export function mayDo(cluster: DeclaredCluster, node: DeclaredNode, may: Permission['may']): boolean {
  return cluster.allow.some((entry) => entry.node === nodeName(node) && entry.may === may);
}

/** How people name a node: `host:port`. */
export function nodeName(node: Pick<DeclaredNode, 'host' | 'port'>): string {
  return `${node.host}:${node.port}`;
}

/** Those that stay and those that leave, in the order in which they are observed. */
export function allNodes(cluster: DeclaredCluster): readonly DeclaredNode[] {
  return [...cluster.nodes, ...(cluster.leaving ?? [])];
}

export function isLeaving(cluster: DeclaredCluster, node: DeclaredNode): boolean {
  return (cluster.leaving ?? []).some((leaving) => nodeName(leaving) === nodeName(node));
}

export function stayingOf<V extends { readonly node: DeclaredNode }>(
  cluster: DeclaredCluster,
  views: readonly V[],
): V[] {
  return views.filter((view) => !isLeaving(cluster, view.node));
}

/** A node's endpoint in redis-trib's words. */
export function endpoint(node: Pick<DeclaredNode, 'address' | 'port'>): string {
  return `${node.address}:${node.port}`;
}

/** Whether a redirection's `address:port`, written in whatever way the server was told its address, is the node's. */
export function isEndpointOf(text: string, { address, port }: Pick<DeclaredNode, 'address' | 'port'>): boolean {
  const at = text.lastIndexOf(':');
  return Number(text.slice(at + 1)) === port && isSameAddress(text.slice(0, at), address);
}

export function masterCount(cluster: DeclaredCluster): number {
  return cluster.masters ?? Math.floor(cluster.nodes.length / (cluster.replicas + 1));
}

export function accessOf({ host, address, at, port, auth, tls, renamed }: DeclaredNode): NodeAccess {
  return { via: host, address, at, port, auth, tls, renamed };
}

export function queryOf(node: DeclaredNode, commands: readonly (readonly string[])[], timeoutMs?: number): NodeQuery {
  return { ...accessOf(node), commands, timeoutMs };
}
