import type { Step } from '../cluster/steps.ts';
import { type DeclaredCluster, mayDo, nodeName } from '../cluster/topology.ts';
import type { SeenNode } from '../node/observe.ts';
import type { Shard } from '../place/placement-score.ts';
import { planOpenSlots } from './open-slots.ts';
import { ownershipOf } from './ownership.ts';
import { countSlots, evenSlots, formatSlots, rangesOf, type SlotRange, slotsOf, withoutSlots } from './slots.ts';

/**
 * Gives every slot without an owner to a master, only while the cluster forms: later, a slot without an owner may have had
 * one whose keys would be given up, so that only masters that the run names may take it.
 */
export function planSlots(
  cluster: DeclaredCluster,
  members: readonly SeenNode[],
  seen: readonly SeenNode[],
  shards: readonly Shard[],
  forming: boolean,
): { readonly refusals: readonly string[]; readonly steps: readonly Step[] } {
  // A slot that is on its way goes to who takes it over.
  const arriving = planOpenSlots(members).close.flatMap(({ slots }) => slots);
  const unowned = withoutSlots(ownershipOf(members).unowned, arriving);
  if (unowned.length === 0) return { refusals: [], steps: [] };
  const all = shards.flatMap(({ master }) => seen[master] ?? []).toSorted((a, b) => seen.indexOf(a) - seen.indexOf(b));
  const allowed = all.filter((view) => mayDo(cluster, view.node, 'take-slots'));
  if (!forming && allowed.length === 0) {
    const slots = formatSlots(unowned);
    return {
      refusals: [
        `no node owns slots ${slots}: keys of theirs may be on a node that is not here. To give them away all the same, allow masters to take-slots`,
      ],
      steps: [],
    };
  }
  const masters = forming ? all : allowed;
  const shares = (forming ? evenShares(masters) : undefined) ?? levelShares(masters, [...slotsOf(unowned)]);
  const steps = masters.flatMap((view): Step[] => {
    const slots = shares.get(view);
    return slots && slots.length > 0 ? [addSlots(view, slots, members)] : [];
  });
  return { refusals: [], steps };
}

/** After an interrupted move, or a claim with an old config epoch, each of two nodes may believe that the other owns a slot. */
function addSlots(view: SeenNode, slots: readonly SlotRange[], members: readonly SeenNode[]): Step {
  const ids = new Set(members.map(({ self }) => self.id));
  const believedBy = (member: SeenNode): SlotRange[] => {
    const theirs = member.others.filter(({ id }) => ids.has(id)).flatMap((line) => line.slots);
    return withoutSlots(slots, withoutSlots(slots, theirs));
  };
  const release = believedBy(view);
  return {
    do: 'add-slots',
    node: nodeName(view.node),
    slots,
    ...(release.length > 0 && { release }),
    ...(members.some((member) => believedBy(member).length > 0) && { isDisputed: true }),
  };
}

/** The even split, when every owner has exactly one share of it or nothing. */
function evenShares(masters: readonly SeenNode[]): Map<SeenNode, SlotRange[]> | undefined {
  const left = new Map(evenSlots(masters.length).map((range) => [formatSlots([range]), range]));
  for (const view of masters) {
    if (view.self.slots.length > 0 && !left.delete(formatSlots(view.self.slots))) return undefined;
  }
  const rest = [...left.values()];
  const empty = masters.filter((view) => view.self.slots.length === 0);
  return new Map(empty.map((view, index) => [view, rest.slice(index, index + 1)]));
}

/** Fills the masters with the fewest slots first, each with a run of slots as contiguous as possible. */
function levelShares(masters: readonly SeenNode[], unowned: readonly number[]): Map<SeenNode, SlotRange[]> {
  const owned = masters.map((view) => countSlots(view.self.slots));
  const extra = masters.map(() => 0);
  for (let given = 0; given < unowned.length; given += 1) {
    const totals = owned.map((count, index) => count + (extra[index] ?? 0));
    const least = totals.indexOf(Math.min(...totals));
    extra[least] = (extra[least] ?? 0) + 1;
  }
  let from = 0;
  return new Map(
    masters.map((view, index) => {
      const until = from + (extra[index] ?? 0);
      const share = rangesOf(unowned.slice(from, until));
      from = until;
      return [view, share];
    }),
  );
}
