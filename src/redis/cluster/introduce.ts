import type { SeenNode } from '../node/observe.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots } from '../slots/slots.ts';
import { hasNothingToLose, hasReturned, knows, lineOf } from './classify.ts';
import { isAt } from './members.ts';
import type { Step } from './steps.ts';
import { nodeName } from './topology.ts';

/** MEET between all pairs up to this many nodes; beyond, every node meets some and gossip does the rest. */
const FULL_MESH = 64;

/** The node that has nothing to lose, which a replica that was forgotten has not either; two nodes with slots are joined only while forming. */
export function whoMeets(
  first: SeenNode,
  second: SeenNode,
  seen: readonly SeenNode[],
  forming: boolean,
): SeenNode | undefined {
  const empty = [first, second].find(hasNothingToLose);
  const back = [first, second].find((view) => view.role === 'replica' && hasReturned(view, seen));
  return empty ?? back ?? (forming ? first : (knower(first, second, seen) ?? knower(second, first, seen)));
}

/** Introductions that are still to be made, each by one MEET. */
export function meetSteps(seen: readonly SeenNode[], forming: boolean): Step[] {
  const steps: Step[] = [];
  seen.forEach((first, i) => {
    seen.slice(i + 1).forEach((second, offset) => {
      if (seen.length > FULL_MESH && i >= 8 && !Number.isInteger(Math.log2(offset + 1))) return;
      if (isElsewhere(first, second))
        steps.push({ do: 'meet', node: nodeName(first.node), peer: nodeName(second.node) });
      if (isElsewhere(second, first))
        steps.push({ do: 'meet', node: nodeName(second.node), peer: nodeName(first.node) });
      if (knows(first, second) && knows(second, first)) return;
      const asked = whoMeets(first, second, seen, forming);
      if (!asked) return;
      const peer = asked === first ? second : first;
      steps.push({ do: 'meet', node: nodeName(asked.node), peer: nodeName(peer.node) });
    });
  });
  return steps;
}

/**
 * A member whose address changed is still looked for at the old one. Who answers at the new one has the id that is known already, so that
 * MEET brings nobody new.
 */
function isElsewhere(by: SeenNode, view: SeenNode): boolean {
  const line = lineOf(by, view.self.id);
  return line !== undefined && !line.flags.has('handshake') && !line.connected && !isAt(line, view.node);
}

/**
 * A closed port lets one side learn of the other through a third node, so that it says ok and the cluster counts as serving
 * before it is whole. MEET from the side that knows already brings nothing new to it; with keys or contested slots it might.
 */
function knower(view: SeenNode, other: SeenNode, seen: readonly SeenNode[]): SeenNode | undefined {
  const isSafe = view.keys === 0 && countSlots(ownershipOf(seen).contested) === 0;
  return isSafe && knows(view, other) ? view : undefined;
}
