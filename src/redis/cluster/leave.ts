import type { NodeView, SeenNode } from '../node/observe.ts';
import type { Shard } from '../place/placement-score.ts';
import { declaredAs, isKnownByAny, place as nameOf } from './classify.ts';
import type { Step } from './steps.ts';
import { type DeclaredCluster, isLeaving, nodeName, stayingOf } from './topology.ts';

/** A node that leaves and cannot be asked is only let go when nobody knows it any more: it may own slots, or be alive. */
export function leavingRefusals(cluster: DeclaredCluster, views: readonly NodeView[]): string[] {
  const staying = stayingOf(cluster, views).filter((view) => view.seen);
  const ids = new Map(staying.map((view) => [view.self.id, view]));
  return views.flatMap((view) => {
    if (view.seen || !isLeaving(cluster, view.node)) return [];
    const knower = staying.find((other) =>
      other.others.some((line) => declaredAs(cluster, line, ids) === nodeName(view.node)),
    );
    if (!knower) return [];
    return [
      `${nameOf(view)} shall leave, ${nameOf(knower)} still knows it, and it ${view.problem}: start it, so that it can be emptied`,
    ];
  });
}

/** Replicas that stay while their master leaves. */
export function orphansOf(cluster: DeclaredCluster, members: readonly SeenNode[]): SeenNode[] {
  const leaving = new Set(members.filter(({ node }) => isLeaving(cluster, node)).map(({ self }) => self.id));
  return stayingOf(cluster, members).filter(
    (view) => view.role === 'replica' && view.self.masterId !== undefined && leaving.has(view.self.masterId),
  );
}

function masterOf(view: SeenNode, staying: readonly SeenNode[], shards: readonly Shard[]): SeenNode | undefined {
  const shard = shards.find(({ replicas }) => replicas.some((index) => staying[index] === view));
  return shard && staying[shard.master];
}

/** Which master the replicas of one that leaves shall follow, by names. */
export function heirsOf(
  members: readonly SeenNode[],
  staying: readonly SeenNode[],
  shards: readonly Shard[],
  orphans: readonly SeenNode[],
): Map<string, string> {
  return new Map(
    orphans.flatMap((view) => {
      const giver = members.find(({ self }) => self.id === view.self.masterId);
      const master = masterOf(view, staying, shards);
      return giver && master ? [[nodeName(giver.node), nodeName(master.node)] as const] : [];
    }),
  );
}

/** Once those that leave own nothing: their replicas follow another master, then every node forgets them, within its ban of 60 s. */
export function partingSteps(
  cluster: DeclaredCluster,
  members: readonly SeenNode[],
  staying: readonly SeenNode[],
  shards: readonly Shard[],
  orphans: readonly SeenNode[],
): Step[] {
  const follows = orphans.flatMap((view): Step[] => {
    const master = masterOf(view, staying, shards);
    return master ? [{ do: 'follow', node: nodeName(view.node), master: nodeName(master.node) }] : [];
  });
  const gone = members.filter((view) => isLeaving(cluster, view.node) && isKnownByAny(view, staying));
  const partings = gone.flatMap((view) =>
    staying
      .filter((other) => other.others.some((line) => line.id === view.self.id))
      .map((other): Step => {
        return { do: 'forget', node: nodeName(other.node), gone: nodeName(view.node), id: view.self.id };
      }),
  );
  return [...follows, ...partings];
}
