import type { MemberLine } from '../node/nodes-line.ts';
import type { SeenNode } from '../node/observe.ts';
import { formatSlots } from '../slots/slots.ts';
import type { DeclaredNode } from './topology.ts';

/** The nodes of a cluster that one of them lists, each with the name that it announces, and the same login. */
export function membersOf(seed: SeenNode): DeclaredNode[] {
  const { auth, tls, renamed } = seed.node;
  const known = seed.others.filter((line) => line.address !== '' && !line.flags.has('handshake'));
  const others = known.map((line): DeclaredNode => ({ ...placeOf(line), auth, tls, renamed }));
  return [seed.node, ...others];
}

function placeOf({ address, hostname, port, busPort }: MemberLine): DeclaredNode {
  return { host: hostname ?? address, address, port, ...(busPort === 0 ? {} : { busPort }) };
}

/** Whether all nodes believe the same of who owns which slots: what redis-cli calls agreement. */
export function agreeOnSlots(seen: readonly SeenNode[]): boolean {
  const signatures = new Set(
    seen.map((view) =>
      [view.self, ...view.others]
        .filter(({ slots }) => slots.length > 0)
        .map(({ id, slots }) => `${id}:${formatSlots(slots)}`)
        .sort()
        .join('|'),
    ),
  );
  return signatures.size <= 1;
}
