import type { DeclaredNode } from '../cluster/topology.ts';

/** A shard by indices into the declared nodes. */
export interface Shard {
  readonly master: number;
  readonly replicas: readonly number[];
}

/** Where a node stands: what fails together with it. */
export type Placed = Pick<DeclaredNode, 'host' | 'zone'>;

/**
 * How good a layout is, most important first; smaller is better:
 * replicas in their master's host; replicas in their master's zone; masters in the fullest zone; replicas of one shard
 * sharing a host; sharing a zone; masters in the fullest host.
 */
export type Score = readonly number[];

export function scoreOf(nodes: readonly Placed[], shards: readonly Shard[]): Score {
  let [sameHost, sameZone, siblingHost, siblingZone] = [0, 0, 0, 0];
  const at = (index: number): Placed => nodes[index] ?? { host: '' };
  for (const { master, replicas } of shards) {
    replicas.forEach((replica, position) => {
      if (at(replica).host === at(master).host) sameHost += 1;
      if (sharesZone(at(replica), at(master))) sameZone += 1;
      for (const sibling of replicas.slice(position + 1)) {
        if (at(replica).host === at(sibling).host) siblingHost += 1;
        if (sharesZone(at(replica), at(sibling))) siblingZone += 1;
      }
    });
  }
  const masters = shards.map(({ master }) => at(master));
  return [
    sameHost,
    sameZone,
    fullest(masters.map(zoneOf)),
    siblingHost,
    siblingZone,
    fullest(masters.map((m) => m.host)),
  ];
}

/** Negative when `a` is better. */
export function compareScores(a: Score, b: Score): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A host without a declared zone is a zone of its own. */
export function zoneOf(node: Placed): string {
  return node.zone === undefined ? `host ${node.host}` : `zone ${node.zone}`;
}

export function sharesZone(a: Placed, b: Placed): boolean {
  return zoneOf(a) === zoneOf(b);
}

export function fullest(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
