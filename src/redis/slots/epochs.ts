import { lineOf, place as nameOf } from '../cluster/classify.ts';
import { nodeName } from '../cluster/topology.ts';
import type { SeenNode } from '../node/observe.ts';
import type { SlotMove } from './moves.ts';

/**
 * Why slots must not move yet. Of two masters that claim a slot all believe the one with the higher config epoch, and the other deletes the
 * keys. A taker raises its own above all that it knows with its first slot. A giver must not go above it afterwards, while it has
 * not heard yet that the slot is gone; but of two masters with the same epoch the one with the smaller id raises its own as soon as it
 * hears from the other, seconds after both have raised theirs at once (measured with 7.0.15: of 880 slots 24 were lost with all their keys).
 */
export function epochQuarrels(seen: readonly SeenNode[], moves: readonly Pick<SlotMove, 'from' | 'to'>[]): string[] {
  const masters = seen.filter((view) => view.role === 'master');
  const thatDo = (end: 'from' | 'to'): SeenNode[] => {
    const names = new Set(moves.map((move) => move[end]));
    return masters.filter((view) => names.has(nodeName(view.node)));
  };
  const equal = thatDo('from').flatMap((giver) =>
    masters
      .filter((other) => other !== giver && other.epoch === giver.epoch)
      .map((other) => `${nameOf(giver)} and ${nameOf(other)} have the same config epoch, ${giver.epoch}`),
  );
  // A taker that does not know of one would raise its own to the same.
  const unheard = thatDo('to').flatMap((taker) =>
    masters
      .filter((other) => (lineOf(taker, other.self.id)?.configEpoch ?? other.epoch) < other.epoch)
      .map((other) => `${nameOf(taker)} has not heard of config epoch ${other.epoch} of ${nameOf(other)}`),
  );
  return [...equal, ...unheard];
}
