import type { MemberLine } from '../node/nodes-line.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots, formatSlots, mergeRanges, rangesOf, type SlotRange, slotsOf } from '../slots/slots.ts';
import { place as nameOf } from './classify.ts';
import { type Identity, identify, isAt } from './members.ts';
import type { Step } from './steps.ts';
import { type DeclaredCluster, mayDo, nodeName } from './topology.ts';

/** A member that is to be forgotten: of a lost host, or what a declared node was before its disk was replaced. */
export interface DeadMember {
  readonly id: string;
  readonly name: string;
  readonly knownBy: readonly SeenNode[];
  /** Slots that are still its own and nobody else's. */
  readonly slots: readonly SlotRange[];
  readonly replicas: readonly SeenNode[];
}

export interface Repair {
  /** The views as they will be after the steps. */
  readonly views: readonly NodeView[];
  readonly steps: readonly Step[];
  readonly refusals: readonly string[];
  /** Replicas that have no master any more. */
  readonly orphans: readonly string[];
}

/**
 * Takes leave of members that are gone for good: nothing is forgotten that anybody still sees alive, nor a master whose slots nobody
 * has taken over, unless the run names who shall have them.
 */
export function repair(cluster: DeclaredCluster, views: readonly NodeView[]): Repair {
  const seen = views.filter((view) => view.seen);
  const found = membersBeside(cluster, seen);
  const refusals = found.flatMap(({ identity, lines }) => aliveRefusals(identity, lines));
  const dead = found.flatMap(({ identity, lines }) => deadMembers(identity, lines, seen));
  const steps: Step[] = [];
  const heirs = new Map<string, DeadMember>();
  // Also by a node that does not run yet: whether it is a master then is looked at when slots are given.
  const mayBeTaken = cluster.nodes.some((node) => mayDo(cluster, node, 'take-slots'));
  for (const member of dead) {
    if (member.slots.length === 0) continue;
    const heir = member.replicas.find((view) => mayDo(cluster, view.node, 'take-slots'));
    if (heir) {
      heirs.set(nodeName(heir.node), member);
      steps.push({ do: 'take-over', node: nodeName(heir.node), from: member.name });
    } else if (member.replicas.length > 0 || !mayBeTaken) {
      refusals.push(slotsRefusal(member));
    }
  }
  if (refusals.length > 0) return { views, steps: [], refusals, orphans: [] };
  const orphans = dead.flatMap(({ replicas }) => replicas).filter((view) => !heirs.has(nodeName(view.node)));
  for (const { id, name, knownBy } of dead)
    for (const view of knownBy) steps.push({ do: 'forget-dead', node: nodeName(view.node), gone: name, id });
  return {
    views: views.map((view) => (view.seen ? afterwards(view, dead, heirs) : view)),
    steps,
    refusals,
    orphans: orphans.map((view) => nodeName(view.node)),
  };
}

/** A replica that has to meet its new master first cannot forget the dead one before it follows that. */
export function boundLast(
  farewells: readonly Step[],
  views: readonly NodeView[],
  leaving: readonly Step[],
): { readonly atOnce: readonly Step[]; readonly later: readonly Step[] } {
  const masters = new Map(views.flatMap((view) => (view.seen ? [[nodeName(view.node), view.self.masterId]] : [])));
  for (const step of leaving) if ('node' in step) masters.delete(step.node);
  const [atOnce, later]: [Step[], Step[]] = [[], []];
  for (const step of farewells)
    if (step.do === 'forget-dead' && masters.get(step.node) === step.id) later.push({ ...step, do: 'forget-master' });
    else atOnce.push(step);
  return { atOnce, later };
}

type Told = readonly { readonly by: SeenNode; readonly line: MemberLine }[];
type Doubtful = Extract<Identity, { is: 'former' | 'lost' | 'nameless' }>;

/** Members that no declared node is, with what each node says of them. */
function membersBeside(cluster: DeclaredCluster, seen: readonly SeenNode[]): { identity: Doubtful; lines: Told }[] {
  const ids = new Map(seen.map((view) => [view.self.id, view]));
  const told = new Map<string, { by: SeenNode; line: MemberLine }[]>();
  for (const by of seen)
    for (const line of by.others)
      if (!ids.has(line.id) && !line.flags.has('handshake'))
        told.set(line.id, [...(told.get(line.id) ?? []), { by, line }]);
  return [...told.values()].flatMap((lines) => {
    const identities = lines.map(({ line }) => identify(cluster, line, ids));
    const identity = identities.find(({ is }) => is !== 'nameless') ?? identities[0];
    return identity?.is === 'former' || identity?.is === 'lost' || identity?.is === 'nameless'
      ? [{ identity, lines }]
      : [];
  });
}

/** At the declared address of a node that answers with another id nobody else can be alive. */
function isDead(identity: Doubtful, line: MemberLine): boolean {
  if (line.flags.has('fail') || line.flags.has('noaddr')) return true;
  return identity.is === 'former' && isAt(line, identity.node);
}

function aliveRefusals(identity: Doubtful, lines: Told): string[] {
  const alive = lines.filter(({ line }) => !isDead(identity, line));
  if (alive.length === 0) return [];
  const by = alive.map(({ by: view }) => nameOf(view)).join(', ');
  const suspected = alive.every(({ line }) => line.flags.has('fail?'));
  const what = suspected ? 'is not yet agreed to be dead: it is only suspected by' : 'is not gone: it is seen alive by';
  const why = identity.is === 'lost' ? `${identity.name} of the lost hosts` : `the former node of ${identity.name}`;
  return [`${why} ${what} ${by}`];
}

function deadMembers(identity: Doubtful, lines: Told, seen: readonly SeenNode[]): DeadMember[] {
  const [first] = lines;
  if (!first) return [];
  const { id } = first.line;
  const claimed = mergeRanges(lines.flatMap(({ line }) => line.slots));
  const unowned = new Set(slotsOf(ownershipOf(seen).unowned));
  return [
    {
      id,
      name: identity.name,
      knownBy: lines.map(({ by }) => by),
      slots: rangesOf([...slotsOf(claimed)].filter((slot) => unowned.has(slot))),
      replicas: seen.filter((view) => view.role === 'replica' && view.self.masterId === id),
    },
  ];
}

function slotsRefusal({ name, slots, replicas }: DeadMember): string {
  const owned = `slots ${formatSlots(slots)} (${countSlots(slots)} slots)`;
  if (replicas.length === 0) {
    return `${name} is gone with all data of ${owned}: no replica of it is left. To go on without these keys, allow take-slots for the node that shall own the slots`;
  }
  const names = replicas.map(nameOf).join(', ');
  return `${name} is dead and still owns ${owned}: its replica ${names} did not take over. Where a majority of masters lives it does so within seconds; to force it, allow take-slots for the replica`;
}

function afterwards(view: SeenNode, dead: readonly DeadMember[], heirs: ReadonlyMap<string, DeadMember>): SeenNode {
  const gone = new Set(dead.map(({ id }) => id));
  const inherited = heirs.get(nodeName(view.node));
  const isOrphan = view.self.masterId !== undefined && gone.has(view.self.masterId);
  const others = view.others
    .filter((line) => !gone.has(line.id))
    .map((line) => (line.masterId !== undefined && gone.has(line.masterId) ? { ...line, masterId: undefined } : line));
  const self = { ...view.self, ...(isOrphan && { masterId: undefined }), ...(inherited && { slots: inherited.slots }) };
  return { ...view, others, self, ...(inherited && { role: 'master' as const }) };
}

/**
 * A cluster keeps its masters when hosts are lost and not replaced yet: their number then follows from those that own slots, not from
 * the nodes that are left.
 */
export function withoutLost(cluster: DeclaredCluster, views: readonly NodeView[]): DeclaredCluster {
  if (cluster.masters !== undefined || (cluster.lost ?? []).length === 0) return cluster;
  const seen = views.filter((view) => view.seen);
  const orphaned = membersBeside(cluster, seen)
    .flatMap(({ identity, lines }) => deadMembers(identity, lines, seen))
    .filter(({ slots }) => slots.length > 0).length;
  const owners = seen.filter((view) => view.self.slots.length > 0).length + orphaned;
  const declared = Math.floor(cluster.nodes.length / (cluster.replicas + 1));
  return owners > declared ? { ...cluster, masters: owners } : cluster;
}
