import { place as nameOf } from '../cluster/classify.ts';
import type { Step } from '../cluster/steps.ts';
import { type DeclaredCluster, isLeaving, nodeName } from '../cluster/topology.ts';
import type { SeenNode } from '../node/observe.ts';
import { type MigrationWay, migrationWay } from '../versions/atomic-migration.ts';
import { memoryRefusals } from './memory.ts';
import { type Owner, planMoves, type SlotMove } from './moves.ts';
import { planOpenSlots, settledOwners } from './open-slots.ts';
import { countSlots, mergeRanges, withoutSlots } from './slots.ts';
import { drainTargets, isUneven, levelTargets } from './targets.ts';

export interface Migration {
  readonly refusals: readonly string[];
  readonly steps: readonly Step[];
  /** Who owns what in the end. */
  readonly owners: readonly Owner[];
}

/** redis-cli's own: who is nearer to its share than this is left alone. */
const DEFAULT_THRESHOLD = 2;

/**
 * Closes open slots, empties what leaves and, where the run asks for it, levels all masters by weight.
 * `seen` are all nodes, those that leave too; `masters` are the ones that shall own slots; `heirs` say for one that leaves
 * which master its replicas shall follow.
 */
export function planMigration(
  cluster: DeclaredCluster,
  seen: readonly SeenNode[],
  masters: readonly SeenNode[],
  heirs: ReadonlyMap<string, string>,
): Migration {
  const open = planOpenSlots(seen);
  const owners = settledOwners(seen, open);
  if (open.undecided.length > 0) return { refusals: open.undecided, steps: [], owners };
  const participants = participantsOf(cluster, seen, masters, owners);
  const targets = targetsOf(cluster, participants);
  const moves = targets
    ? planMoves(
        participants.map(({ owner }) => owner),
        targets,
      )
    : [];
  const after = ownersAfter(owners, moves);
  const refusals = [
    ...weightless(cluster, participants),
    ...tooFew(seen, owners, after),
    ...memoryRefusals(seen, [...open.finish, ...moves]),
  ];
  const steps: Step[] = [
    ...open.close.map(({ owner, slots }): Step => ({ do: 'close-slots', node: owner, slots })),
    ...open.finish.map((move) => moveStep(move, false, 'MIGRATE')),
    ...inOrder(moves, heirs).map((move, index, all) => {
      const isLast = all.findLastIndex(({ from }) => from === move.from) === index;
      const empties = isLast && after.some(({ name, slots }) => name === move.from && slots.length === 0);
      return moveStep(move, empties, wayOf(move, seen));
    }),
  ];
  return refusals.length > 0 ? { refusals, steps: [], owners } : { refusals, steps, owners: after };
}

interface Participant {
  readonly owner: Owner;
  readonly weight: number;
}

/** What is moved away from, at weight 0, and what may receive. */
function participantsOf(
  cluster: DeclaredCluster,
  seen: readonly SeenNode[],
  masters: readonly SeenNode[],
  owners: readonly Owner[],
): Participant[] {
  return seen.flatMap((view, index): Participant[] => {
    const owner = owners[index];
    if (!owner) return [];
    const owns = owner.slots.length > 0;
    if (isLeaving(cluster, view.node)) return owns ? [{ owner, weight: 0 }] : [];
    const weight = view.node.role === 'replica' ? 0 : (view.node.weight ?? 1);
    if (cluster.rebalance) return owns || masters.includes(view) ? [{ owner, weight }] : [];
    return weight > 0 && masters.includes(view) ? [{ owner, weight }] : [];
  });
}

function targetsOf(cluster: DeclaredCluster, participants: readonly Participant[]): number[] | undefined {
  const shares = participants.map(({ owner, weight }) => ({ owned: countSlots(owner.slots), weight }));
  if (shares.every(({ weight }) => weight === 0)) return undefined;
  if (cluster.rebalance) {
    const total = shares.reduce((sum, { owned }) => sum + owned, 0);
    const uneven = isUneven(shares, cluster.threshold ?? DEFAULT_THRESHOLD);
    return uneven ? levelTargets(shares, total) : undefined;
  }
  return shares.some(({ weight, owned }) => weight === 0 && owned > 0) ? drainTargets(shares) : undefined;
}

function weightless(cluster: DeclaredCluster, participants: readonly Participant[]): string[] {
  const gives = participants.some(({ owner, weight }) => weight === 0 && owner.slots.length > 0);
  if (!gives || participants.some(({ weight }) => weight > 0)) return [];
  return [
    cluster.rebalance
      ? 'every master has weight 0: nobody could take the slots'
      : 'no master stays that could take the slots of the nodes that leave',
  ];
}

function ownersAfter(owners: readonly Owner[], moves: readonly SlotMove[]): Owner[] {
  return owners.map(({ name, slots }) => {
    const given = moves.flatMap((move) => (move.from === name ? move.slots : []));
    const taken = moves.flatMap((move) => (move.to === name ? move.slots : []));
    return { name, slots: mergeRanges([...withoutSlots(slots, given), ...taken]) };
  });
}

/** A cluster needs three masters to have a majority when one fails. */
function tooFew(seen: readonly SeenNode[], before: readonly Owner[], after: readonly Owner[]): string[] {
  const left = after.filter(({ slots }) => slots.length > 0);
  if (left.length >= 3 || left.length >= before.filter(({ slots }) => slots.length > 0).length) return [];
  const names = seen.filter(({ node }) => left.some(({ name }) => name === nodeName(node))).map(nameOf);
  return [`only ${left.length} masters would own slots in the end (${names.join(', ')}); a cluster needs three`];
}

function wayOf({ from, to }: SlotMove, seen: readonly SeenNode[]): MigrationWay {
  const [giver, taker] = [from, to].map((name) => seen.find(({ node }) => nodeName(node) === name));
  return giver && taker ? migrationWay(giver, taker) : 'MIGRATE';
}

function moveStep({ from, to, slots }: SlotMove, empties: boolean, by: MigrationWay): Step {
  return { do: 'move-slots', node: from, to, slots, empties, by };
}

/** Who takes a giver's last slots gets its replicas too, so that move comes last. */
function inOrder(moves: readonly SlotMove[], heirs: ReadonlyMap<string, string>): SlotMove[] {
  return moves.toSorted((a, b) => Number(heirs.get(a.from) === a.to) - Number(heirs.get(b.from) === b.to));
}
