import type { NodeView, SeenNode } from '../node/observe.ts';
import type { Shard } from '../place/placement-score.ts';
import { countSlots, formatSlots, mergeRanges, type SlotRange, withoutSlots } from '../slots/slots.ts';
import type { Step } from './steps.ts';
import { type DeclaredCluster, type DeclaredNode, endpoint, nodeName, stayingOf } from './topology.ts';

/** A node in a task's result: plain data with fixed names, for people's playbooks and scripts. */
export interface ReportedNode {
  readonly id: string | null;
  readonly host: string;
  readonly port: number;
  readonly zone: string | null;
  readonly role: string | null;
  readonly slots: string;
  readonly replica_of: string | null;
  readonly link: 'up' | 'down' | null;
  readonly version: string | null;
}

export function reportCluster(
  cluster: DeclaredCluster,
  observed: readonly NodeView[],
): { name: string; nodes: ReportedNode[] } {
  const views = stayingOf(cluster, observed);
  const names = new Map(views.flatMap((view) => (view.seen ? [[view.self.id, nodeName(view.node)] as const] : [])));
  const nodes = views.map((view): ReportedNode => {
    const place = { host: view.node.host, port: view.node.port, zone: view.node.zone ?? null };
    if (!view.seen) return { id: null, ...place, role: null, slots: '', replica_of: null, link: null, version: null };
    const { masterId } = view.self;
    return {
      id: view.self.id,
      ...place,
      role: view.role,
      slots: formatSlots(view.self.slots),
      replica_of: masterId === undefined ? null : (names.get(masterId) ?? masterId),
      link: view.role === 'replica' ? (view.linkUp ? 'up' : 'down') : null,
      version: view.version,
    };
  });
  return { name: cluster.name, nodes };
}

/** The cluster that a plan leads to. */
export function predictCluster(
  cluster: DeclaredCluster,
  views: readonly NodeView[],
  shards: readonly Shard[],
  steps: readonly Step[],
): ReturnType<typeof reportCluster> {
  const { name, nodes } = reportCluster(cluster, views);
  return {
    name,
    nodes: nodes.map((node, index): ReportedNode => {
      const master = masterAfter(index, cluster.nodes, shards, steps);
      if (master) return { ...node, role: 'replica', slots: '', replica_of: nodeName(master), link: 'up' };
      const view = stayingOf(cluster, views)[index];
      const slots = view?.seen ? formatSlots(slotsAfter(view, steps)) : '';
      return { ...node, role: 'master', slots, replica_of: null, link: null };
    }),
  };
}

function slotsAfter(view: SeenNode, steps: readonly Step[]): readonly SlotRange[] {
  const name = nodeName(view.node);
  let slots = view.self.slots;
  for (const step of steps) {
    if (step.do !== 'add-slots' && step.do !== 'move-slots' && step.do !== 'close-slots') continue;
    const taker = step.do === 'move-slots' ? step.to : step.node;
    if (taker === name) slots = mergeRanges([...slots, ...step.slots]);
    else if (step.do !== 'add-slots') slots = withoutSlots(slots, step.slots);
  }
  return slots;
}

/** Whose replica a node will be. A master that gives its last slots away makes itself and its replicas follow who took them. */
function masterAfter(
  index: number,
  nodes: readonly DeclaredNode[],
  shards: readonly Shard[],
  steps: readonly Step[],
): DeclaredNode | undefined {
  const shard = shards.find(({ replicas }) => replicas.includes(index));
  const own = nodes[shard?.master ?? index];
  if (!own) return undefined;
  for (const step of steps) {
    if (step.do === 'move-slots' && step.empties && step.node === nodeName(own))
      return nodes.find((node) => nodeName(node) === step.to);
  }
  return shard ? own : undefined;
}

/** The layout as it is, in redis-trib's words. */
export function observedLayout(views: readonly NodeView[]): string {
  return views
    .filter((view) => view.seen)
    .map((view) =>
      view.role === 'master' ? masterText(view, view.self.slots) : replicaText(view, view.self.masterId ?? '-'),
    )
    .join('');
}

/** The layout that a plan leads to, in redis-trib's words. */
export function plannedLayout(views: readonly NodeView[], shards: readonly Shard[], steps: readonly Step[]): string {
  const seen = views.filter((view) => view.seen);
  return seen
    .map((view, index) => {
      const nodes = seen.map(({ node }) => node);
      const master = masterAfter(index, nodes, shards, steps);
      const followed = seen.find(({ node }) => node === master);
      if (followed) return replicaText(view, followed.self.id);
      return masterText(view, slotsAfter(view, steps));
    })
    .join('');
}

function masterText(view: SeenNode, slots: readonly SlotRange[]): string {
  return `M: ${view.self.id} ${endpoint(view.node)}\n   slots:${formatSlots(slots)} (${countSlots(slots)} slots) master\n`;
}

function replicaText(view: SeenNode, masterId: string): string {
  return `S: ${view.self.id} ${endpoint(view.node)}\n   replicates ${masterId}\n`;
}
