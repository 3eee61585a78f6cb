import type { MemberLine } from '../node/nodes-line.ts';
import type { SeenNode } from '../node/observe.ts';
import {
  allNodes,
  type DeclaredCluster,
  type DeclaredNode,
  type LostHost,
  nodeName,
  type RecordedNode,
} from './topology.ts';

/** Who a line of CLUSTER NODES speaks of, as far as the declaration and what earlier runs recorded tell. */
export type Identity =
  /** A declared node: it answered with this id, or could not be asked, or is being introduced. */
  | { readonly is: 'declared'; readonly name: string }
  /** An id that a declared node had before: it answers with another one now. */
  | { readonly is: 'former'; readonly name: string; readonly node: DeclaredNode }
  /** A node of a host that is declared lost. */
  | { readonly is: 'lost'; readonly name: string }
  /** A member that earlier runs knew and that is declared nowhere now. */
  | { readonly is: 'undeclared'; readonly name: string }
  /** Nobody knows where it might be: at its address another node answered. */
  | { readonly is: 'nameless'; readonly name: string }
  | { readonly is: 'stranger'; readonly name: string };

export type Seen = ReadonlyMap<string, SeenNode>;

export function identify(cluster: DeclaredCluster, line: MemberLine, seen: Seen): Identity {
  const known = seen.get(line.id);
  if (known) return { is: 'declared', name: nodeName(known.node) };
  const recorded = recordedAs(cluster, line.id);
  const lost = recorded ? lostAs(cluster, recorded) : undefined;
  if (recorded && lost) return { is: 'lost', name: nodeName(recorded) };
  const node = allNodes(cluster).find((one) => (recorded ? nodeName(one) === nodeName(recorded) : isAt(line, one)));
  if (node) {
    const answers = [...seen.values()].some((view) => nodeName(view.node) === nodeName(node));
    return answers && !line.flags.has('handshake')
      ? { is: 'former', name: nodeName(node), node }
      : { is: 'declared', name: nodeName(node) };
  }
  const host = lostAs(cluster, line);
  if (host) return { is: 'lost', name: `${host.host}:${line.port}` };
  if (recorded) return { is: 'undeclared', name: nodeName(recorded) };
  if (line.flags.has('noaddr'))
    return { is: 'nameless', name: `a node of which nobody knows the address (${line.id})` };
  return { is: 'stranger', name: `${line.address || 'no address'}:${line.port} (${line.id})` };
}

/** Whether the line gives the node's declared address. */
export function isAt(line: MemberLine, node: DeclaredNode): boolean {
  return node.port === line.port && (node.address === line.address || node.address === line.hostname);
}

/** The member with this id, as an earlier run recorded it on any host. */
function recordedAs(cluster: DeclaredCluster, id: string): RecordedNode | undefined {
  for (const records of cluster.records?.values() ?? []) {
    for (const record of records) {
      const found = record.cluster === cluster.name ? record.nodes.find((node) => node.id === id) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

/** Whether the node's own host holds a record of it under this cluster's name. */
export function isRecordedOurs(cluster: DeclaredCluster, view: SeenNode): boolean {
  return recordsOf(cluster, view).includes(cluster.name);
}

/** Another cluster's name, when the node's own host holds a record of it under that name and none under ours. */
export function recordedElsewhere(cluster: DeclaredCluster, view: SeenNode): string | undefined {
  const names = recordsOf(cluster, view);
  return names.includes(cluster.name) ? undefined : names[0];
}

function recordsOf(cluster: DeclaredCluster, view: SeenNode): string[] {
  const records = cluster.records?.get(view.node.host) ?? [];
  return records.flatMap((record) => (record.nodes.some(({ id }) => id === view.self.id) ? [record.cluster] : []));
}

function lostAs(
  cluster: DeclaredCluster,
  node: { readonly host?: string; readonly address: string; readonly port: number },
): LostHost | undefined {
  return (cluster.lost ?? []).find(
    ({ host, address, ports }) =>
      (node.host === undefined ? address !== undefined && address === node.address : host === node.host) &&
      (ports === undefined || ports.includes(node.port)),
  );
}
