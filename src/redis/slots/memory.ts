import { place as nameOf } from '../cluster/classify.ts';
import { nodeName } from '../cluster/topology.ts';
import type { SeenNode } from '../node/observe.ts';
import type { SlotMove } from './moves.ts';
import { countSlots } from './slots.ts';

/** Part of a limit that moved data may fill: buffers and fragmentation need some of it. */
const FILL = 0.95;

/**
 * Receivers that would not hold what is moved to them, with the arithmetic: beyond maxmemory a node refuses writes or evicts
 * keys, beyond the host's memory it is killed. Replicas receive what their master receives.
 */
export function memoryRefusals(seen: readonly SeenNode[], moves: readonly SlotMove[]): string[] {
  const byName = new Map(seen.map((view) => [nodeName(view.node), view]));
  const incoming = new Map<SeenNode, number>();
  for (const move of moves) {
    const [from, to] = [byName.get(move.from), byName.get(move.to)];
    if (!from || !to) continue;
    const owned = countSlots(from.self.slots);
    const bytes = owned === 0 ? 0 : (from.memory.data * countSlots(move.slots)) / owned;
    for (const view of [to, ...seen.filter((other) => other.self.masterId === to.self.id)])
      incoming.set(view, (incoming.get(view) ?? 0) + bytes);
  }
  return [...nodeRefusals(incoming), ...hostRefusals(seen, incoming)];
}

function nodeRefusals(incoming: ReadonlyMap<SeenNode, number>): string[] {
  return [...incoming].flatMap(([view, bytes]) => {
    const { used, max } = view.memory;
    // A replica does not heed maxmemory of its own until it is promoted; its master is counted anyway.
    if (view.role === 'replica' || max === 0 || used + bytes <= max * FILL) return [];
    return [
      `${nameOf(view)} uses ${mib(used)} MiB and would receive about ${mib(bytes)} MiB; its maxmemory is ${mib(max)} MiB, of which ${FILL * 100} % may be filled`,
    ];
  });
}

function hostRefusals(seen: readonly SeenNode[], incoming: ReadonlyMap<SeenNode, number>): string[] {
  const hosts = new Set([...incoming.keys()].map(({ node }) => node.host));
  return [...hosts].flatMap((host) => {
    const own = seen.filter(({ node }) => node.host === host);
    const total = Math.max(...own.map(({ memory }) => memory.host));
    const used = own.reduce((sum, { memory }) => sum + memory.used, 0);
    const bytes = own.reduce((sum, view) => sum + (incoming.get(view) ?? 0), 0);
    if (total === 0 || used + bytes <= total * FILL) return [];
    return [
      `the nodes on ${host} use ${mib(used)} MiB and would receive about ${mib(bytes)} MiB; the host has ${mib(total)} MiB`,
    ];
  });
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
