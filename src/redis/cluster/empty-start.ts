import type { NodeView, SeenNode } from '../node/observe.ts';
import { formatSlots } from '../slots/slots.ts';
import { place as nameOf } from './classify.ts';
import { isAt } from './members.ts';
import type { DeclaredCluster } from './topology.ts';

/**
 * Nodes that do not run, on hosts that have lost what the cluster's hosts all hold (a new or wiped host), while the others still
 * count them as masters. Started empty at its old address, such a node would be synced from by the replica that has the data,
 * as long as that one has not taken over.
 */
export function emptyStarts(cluster: DeclaredCluster, observed: readonly NodeView[]): string[] {
  const isRecorded = (host: string): boolean =>
    cluster.records?.get(host)?.some((record) => record.cluster === cluster.name) ?? false;
  if (!cluster.nodes.some(({ host }) => isRecorded(host))) return [];
  const seen = observed.filter((view) => view.seen);
  return observed.flatMap((view) => {
    if (view.seen || isRecorded(view.node.host)) return [];
    const follower = seen.find((other) => followedAt(other, view, seen) !== undefined);
    const slots = follower && followedAt(follower, view, seen);
    if (!follower || slots === undefined) return [];
    return [
      `${nameOf(view)} does not run, its host holds nothing of the cluster (a new or wiped host), and the others still count it as the master of slots ${slots}: started empty now, it would empty its replica ${nameOf(follower)} too. Run this again when that one has taken over, which takes the node timeout and a few seconds`,
    ];
  });
}

/** The slots of the master at the address of `gone` that this replica follows and has not taken over from. */
function followedAt(replica: SeenNode, gone: NodeView, seen: readonly SeenNode[]): string | undefined {
  if (replica.role !== 'replica') return undefined;
  for (const { others } of seen) {
    const line = others.find(({ id }) => id === replica.self.masterId);
    if (line && isAt(line, gone.node) && line.slots.length > 0) return formatSlots(line.slots);
  }
  return undefined;
}
