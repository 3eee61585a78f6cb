import { place as nameOf } from '../cluster/classify.ts';
import { nodeName } from '../cluster/topology.ts';
import type { SeenNode } from '../node/observe.ts';
import type { Owner, SlotMove } from './moves.ts';
import { ownershipOf } from './ownership.ts';
import { formatSlots, mergeRanges, rangesOf, type SlotRange, slotsOf } from './slots.ts';

/** Slots that stay with, or fall to, one master: keys of theirs on other nodes are brought to it, and all marks removed. */
export interface Closing {
  readonly owner: string;
  readonly slots: readonly SlotRange[];
}

export interface OpenSlots {
  /** Both sides are marked for it: what an interrupted run began is finished. */
  readonly finish: readonly SlotMove[];
  readonly close: readonly Closing[];
  /** Slots without an owner that nothing but a permission can decide. */
  readonly undecided: readonly string[];
}

type Verdict = { readonly from: SeenNode; readonly to: SeenNode } | { readonly owner: SeenNode } | 'wait' | 'undecided';

/**
 * What to do with the slots that an interruption left open, by what the nodes themselves say. An owner keeps its slot unless
 * both sides are marked for a move; a slot that only its importer can own goes to it; a giver that did not learn that its
 * slot has been taken over is told.
 */
export function planOpenSlots(seen: readonly SeenNode[]): OpenSlots {
  const masters = seen.filter((view) => view.role === 'master');
  const finish = new Map<string, { from: SeenNode; to: SeenNode; slots: number[] }>();
  const close = new Map<SeenNode, number[]>();
  const undecided: number[] = [];
  for (const slot of markedSlots(masters)) {
    const verdict = judge(slot, masters);
    if (verdict === 'undecided') undecided.push(slot);
    else if (verdict !== 'wait' && 'owner' in verdict)
      close.set(verdict.owner, [...(close.get(verdict.owner) ?? []), slot]);
    else if (verdict !== 'wait') {
      const key = `${verdict.from.self.id} ${verdict.to.self.id}`;
      const entry = finish.get(key) ?? { ...verdict, slots: [] };
      entry.slots.push(slot);
      finish.set(key, entry);
    }
  }
  const importers = masters.filter((view) => undecided.some((slot) => view.self.importing.has(slot)));
  return {
    finish: [...finish.values()].map(({ from, to, slots }) => {
      return { from: nodeName(from.node), to: nodeName(to.node), slots: rangesOf(slots) };
    }),
    close: [...close].map(([owner, slots]) => ({ owner: nodeName(owner.node), slots: rangesOf(slots) })),
    undecided:
      undecided.length === 0
        ? []
        : [
            `no node owns slots ${formatSlots(rangesOf(undecided))}, and several are taking them over: ${importers.map(nameOf).join(', ')}`,
          ],
  };
}

function markedSlots(masters: readonly SeenNode[]): number[] {
  const marked = new Set(masters.flatMap(({ self }) => [...self.migrating.keys(), ...self.importing.keys()]));
  return [...marked].sort((a, b) => a - b);
}

function judge(slot: number, masters: readonly SeenNode[]): Verdict {
  const claimants = masters.filter((view) => owns(view, slot));
  const importers = masters.filter((view) => view.self.importing.has(slot) && !owns(view, slot));
  const [owner] = claimants;
  const [importer] = importers;
  if (owner === undefined) return importer && importers.length === 1 ? { owner: importer } : 'undecided';
  if (claimants.length > 1) {
    const taker = claimants.find((view) => claimants.some((other) => other.self.migrating.get(slot) === view.self.id));
    return taker ? { owner: taker } : 'wait';
  }
  const agreed =
    importer !== undefined &&
    importers.length === 1 &&
    owner.self.migrating.get(slot) === importer.self.id &&
    importer.self.importing.get(slot) === owner.self.id;
  return agreed ? { from: owner, to: importer } : { owner };
}

function owns(view: SeenNode, slot: number): boolean {
  return view.self.slots.some(([first, last]) => slot >= first && slot <= last);
}

/** Who owns what once the open slots are dealt with; replicas own nothing. */
export function settledOwners(seen: readonly SeenNode[], open: OpenSlots): Owner[] {
  const bySelf = (view: SeenNode): readonly SlotRange[] => (view.role === 'master' ? view.self.slots : []);
  // Nearly always: and to go through 16384 slots one by one takes longer than the rest of a plan.
  if (open.finish.length === 0 && open.close.length === 0 && ownershipOf(seen).contested.length === 0) {
    return seen.map((view) => ({ name: nodeName(view.node), slots: mergeRanges(bySelf(view)) }));
  }
  const owner = new Map<number, string>();
  for (const view of seen) {
    if (view.role === 'master') for (const slot of slotsOf(view.self.slots)) owner.set(slot, nodeName(view.node));
  }
  for (const { to, slots } of open.finish) for (const slot of slotsOf(slots)) owner.set(slot, to);
  for (const closing of open.close) for (const slot of slotsOf(closing.slots)) owner.set(slot, closing.owner);
  const owned = new Map<string, SlotRange[]>();
  for (const [slot, name] of owner) {
    const ranges = owned.get(name) ?? [];
    const last = ranges.at(-1);
    if (last && last[1] === slot - 1) ranges[ranges.length - 1] = [last[0], slot];
    else ranges.push([slot, slot]);
    owned.set(name, ranges);
  }
  return seen.map((view) => ({ name: nodeName(view.node), slots: mergeRanges(owned.get(nodeName(view.node)) ?? []) }));
}
