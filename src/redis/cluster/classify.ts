import type { MemberLine } from '../node/nodes-line.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots, evenSlots, formatSlots } from '../slots/slots.ts';
import { identify, isRecordedOurs, recordedElsewhere } from './members.ts';
import { type DeclaredCluster, endpoint, isLeaving, masterCount, mayDo, nodeName, stayingOf } from './topology.ts';

/** What stands against touching anything, each a sentence that names the node; and what kind of state this is. */
export interface Assessment {
  readonly refusals: readonly string[];
  /** No node holds a key and the cluster never served: settings that only speed up forming may be set for a while. */
  readonly forming: boolean;
}

/**
 * Judges all nodes before the first change. A node is ours when every node that it knows is declared, or when its host holds a
 * record of it under this cluster's name; nothing is sent to any node while one is foreign, unreachable or holds what forming
 * would destroy.
 */
export function assess(cluster: DeclaredCluster, views: readonly NodeView[]): Assessment {
  const seen = views.filter((view) => view.seen);
  const refusals = stayingOf(cluster, views).flatMap((view) => (view.seen ? [] : [`${place(view)} ${view.problem}`]));
  refusals.push(...sharedIds(seen));
  for (const view of seen) {
    if (isLeaving(cluster, view.node) && !isKnownByAny(view, stayingOf(cluster, seen))) continue;
    const { foreign, keys, undeclared } = objections(cluster, view, views);
    refusals.push(...foreign, ...keys, ...undeclared, ...pinned(cluster, view));
  }
  refusals.push(...separateClusters(seen.filter((view) => !isLeaving(cluster, view.node))));
  return { refusals, forming: isForming(seen) };
}

/** Whether no node holds a key and the cluster never served. */
export function isForming(seen: readonly SeenNode[]): boolean {
  if (seen.length === 0 || seen.some((view) => view.keys > 0)) return false;
  return ownershipOf(seen).unowned.length > 0 || !seen.some((view) => view.stateOk);
}

/** What makes a node not ours, keys that it must not lose, and members that are not declared any more, each as sentences. */
export function objections(
  cluster: DeclaredCluster,
  view: SeenNode,
  views: readonly NodeView[],
): { readonly foreign: readonly string[]; readonly keys: readonly string[]; readonly undeclared: readonly string[] } {
  const ids = new Map(views.flatMap((other) => (other.seen ? [[other.self.id, other] as const] : [])));
  const slots = formatSlots(view.self.slots);
  const alone = view.others.length === 0;
  const adopted = mayDo(cluster, view.node, 'adopt');
  const { foreign, undeclared } = strangers(cluster, view, ids);
  const other = recordedElsewhere(cluster, view);
  if (other !== undefined && !adopted) foreign.push(otherCluster(cluster, view, other));
  if (hasReturned(view, views) && hasStaleClaims(view, views)) foreign.push(returned(view));
  if (slots !== '' && alone && cluster.nodes.length > 1 && !isPlannedShare(view, cluster) && !adopted) {
    foreign.push(`${place(view)} owns slots ${slots} and knows no other node: it is a cluster of its own`);
  }
  const misplaced =
    view.keys > 0 && view.role === 'master' && ((slots === '' && !isReceiving(view, views)) || (alone && !adopted));
  return {
    foreign,
    undeclared,
    keys: misplaced ? [`${place(view)} holds ${view.keys} keys and is not part of this cluster`] : [],
  };
}

/** Keys without slots are all right where slots of theirs are on the way, also when the receiver was failed over meanwhile. */
function isReceiving(view: SeenNode, views: readonly NodeView[]): boolean {
  if (view.self.importing.size > 0 || view.handsOver) return true;
  const ids = [view.self.id, ...view.others.filter((line) => line.masterId === view.self.id).map(({ id }) => id)];
  return views.some((other) => other.seen && [...other.self.migrating.values()].some((id) => ids.includes(id)));
}

/** `h1:7000 (10.0.0.1:7000)`, for people who know one of the two names. */
export function place(view: NodeView): string {
  return `${nodeName(view.node)} (${endpoint(view.node)})`;
}

/** Which declared node a line of CLUSTER NODES speaks of: by id, by what earlier runs recorded, or by the address that it was met at. */
export function declaredAs(
  cluster: DeclaredCluster,
  line: MemberLine,
  ids: ReadonlyMap<string, SeenNode>,
): string | undefined {
  const who = identify(cluster, line, ids);
  return who.is === 'declared' || who.is === 'former' ? who.name : undefined;
}

/** A cloned nodes.conf, or one process under two names. */
function sharedIds(seen: readonly SeenNode[]): string[] {
  return seen.flatMap((view, index) => {
    const twin = seen.slice(0, index).find((other) => other.self.id === view.self.id);
    if (!twin) return [];
    return [
      `${place(view)} and ${place(twin)} have the same node id ${view.self.id}: one has a copy of the other's nodes.conf, or both are one process`,
    ];
  });
}

/** Members that nobody declares: of a node that is recorded as ours they were taken out of the inventory too early. */
function strangers(
  cluster: DeclaredCluster,
  view: SeenNode,
  ids: ReadonlyMap<string, SeenNode>,
): { foreign: string[]; undeclared: string[] } {
  const foreign: string[] = [];
  const undeclared: string[] = [];
  const identities = view.others.map((line) => identify(cluster, line, ids));
  const isAmongOurs = identities.some(({ is }) => is === 'declared') || isRecordedOurs(cluster, view);
  for (const { is, name } of identities) {
    if (is === 'undeclared' || (is === 'stranger' && isRecordedOurs(cluster, view))) {
      undeclared.push(
        `${place(view)} knows ${name}, a member of the cluster that is not declared: declare it, or have it leave the cluster or given up as lost`,
      );
    } else if (is === 'stranger' || (is === 'nameless' && !isAmongOurs)) {
      foreign.push(
        `${place(view)} knows ${name}, which is not declared: the node belongs to another cluster, or that node was taken out of the inventory without being drained and forgotten`,
      );
    }
  }
  return { foreign, undeclared };
}

function otherCluster(cluster: DeclaredCluster, view: SeenNode, other: string): string {
  return `${place(view)} belongs to the cluster "${other}", not to "${cluster.name}": the record of it on ${view.node.host} says so. If the cluster was renamed, allow adopt for each of its nodes`;
}

/** It believes that it is a member, and the others do not list it: forgotten while it was down, it came back with its old nodes.conf. */
export function hasReturned(view: SeenNode, views: readonly NodeView[]): boolean {
  const others = views.filter((other) => other.seen).filter((other) => other !== view);
  const lists = (of: SeenNode, id: string): boolean => lineOf(of, id) !== undefined;
  return others.some((other) => lists(view, other.self.id)) && !others.some((other) => lists(other, view.self.id));
}

/** A replica brings nothing of its own along; a master might bring keys, or old claims to slots that others own now. */
function hasStaleClaims(view: SeenNode, views: readonly NodeView[]): boolean {
  if (view.role === 'replica') return false;
  const { claimants } = ownershipOf(views.filter((other) => other.seen));
  return view.keys > 0 || claimants.includes(view);
}

function returned(view: SeenNode): string {
  const claims = [
    ...(view.keys > 0 ? [`holds ${view.keys} keys`] : []),
    ...(view.self.slots.length > 0 ? [`claims slots ${formatSlots(view.self.slots)}`] : []),
  ].join(' and ');
  return `${place(view)} was forgotten by the cluster and came back with its old nodes.conf: the others do not list it, and it ${claims}. To have it join afresh, without these, allow reset (and flush) for it`;
}

/** An interrupted run leaves a node alone with exactly a share of the even split. */
function isPlannedShare(view: SeenNode, cluster: DeclaredCluster): boolean {
  const share = formatSlots(view.self.slots);
  return evenSlots(masterCount(cluster)).some((range) => formatSlots([range]) === share);
}

/** Existing roles never move on a plain run, so a pinned role that is not there cannot be brought about. */
function pinned(cluster: DeclaredCluster, view: SeenNode): string[] {
  const { role } = view.node;
  if (role === 'replica' && view.self.slots.length > 0 && cluster.rebalance !== true) {
    return [
      `${place(view)} is declared a replica and owns slots ${formatSlots(view.self.slots)}: they are moved away with rebalance: true`,
    ];
  }
  if (role === 'master' && view.role === 'replica') {
    return [
      `${place(view)} is declared a master and is a replica: giving it the role takes a failover, which is not supported yet`,
    ];
  }
  return [];
}

/** Parts that own slots and do not know each other are clusters of their own: joining them would lose keys. */
function separateClusters(seen: readonly SeenNode[]): string[] {
  const owners = componentsOf(seen).filter((members) => members.some((view) => view.self.slots.length > 0));
  const [first, second] = owners.map((members) => members.map(place).join(', '));
  if (first === undefined || second === undefined) return [];
  const contested = countSlots(ownershipOf(seen).contested);
  const keys = seen.some((view) => view.keys > 0);
  if (contested === 0 && !keys) return [];
  const why = contested > 0 ? `${contested} slots have several owners` : 'there are keys';
  return [`${first} and ${second} own slots and do not know each other: they are two clusters (${why})`];
}

/** Groups of nodes connected by acquaintance in either direction. */
function componentsOf(seen: readonly SeenNode[]): SeenNode[][] {
  const components: SeenNode[][] = [];
  const rest = new Set(seen);
  for (const start of seen) {
    if (!rest.delete(start)) continue;
    const members = [start];
    for (const member of members) {
      for (const other of [...rest]) {
        if (!knows(member, other) && !knows(other, member)) continue;
        rest.delete(other);
        members.push(other);
      }
    }
    components.push(members);
  }
  return components;
}

/** Only such a node is sent MEET next to a cluster that serves. */
export function hasNothingToLose(view: SeenNode): boolean {
  return view.role === 'master' && view.self.slots.length === 0 && view.keys === 0;
}

export function isKnownByAny(view: SeenNode, others: readonly SeenNode[]): boolean {
  return others.some((other) => other !== view && lineOf(other, view.self.id) !== undefined);
}

/** Proven acquaintance: the handshake is over and the id is the real one. */
export function knows(view: SeenNode, other: SeenNode): boolean {
  return lineOf(view, other.self.id)?.flags.has('handshake') === false;
}

const linesById = new WeakMap<SeenNode, ReadonlyMap<string, MemberLine>>();

/** What a node believes of another member. Asked for each pair of nodes again and again, so that a search would cost the cube of their number. */
export function lineOf(view: SeenNode, id: string): MemberLine | undefined {
  let lines = linesById.get(view);
  if (!lines) {
    lines = new Map(view.others.map((line) => [line.id, line]));
    linesById.set(view, lines);
  }
  return lines.get(id);
}
