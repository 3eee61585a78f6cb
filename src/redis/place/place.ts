import { type DeclaredCluster, type DeclaredNode, masterCount } from '../cluster/topology.ts';
import { assignReplicas } from './assign-replicas.ts';
import { placeLikeRedisCli } from './place-redis-cli.ts';
import { compareScores, fullest, type Score, type Shard, scoreOf, zoneOf } from './placement-score.ts';

/** What a node already is and stays; `free` is a fresh node or a member without slots and without a master. */
export type Standing =
  | { readonly is: 'master' }
  | { readonly is: 'replica'; readonly of: number }
  | { readonly is: 'free' }
  /** A replica that has to follow another master, and keeps its data: it is never made a master. */
  | { readonly is: 'orphan' };

/** Bounds the search for better masters; typical inventories reach the best possible score without any. */
const MAX_TRIALS = 400;
const MAX_NODE_TRIALS = 12_000;

/**
 * Which node is whose replica: deterministic, and as good as {@link scoreOf} can get for the chosen masters. Standing
 * roles never move: free nodes fill missing replicas first, then become masters with replicas of their own.
 */
export function place(cluster: DeclaredCluster, standings: readonly Standing[]): Shard[] {
  const nodes =
    cluster.placement === 'zones' ? cluster.nodes : cluster.nodes.map((node) => ({ ...node, zone: undefined }));
  const isFree = (index: number): boolean => standings[index]?.is === 'free';
  const pinned = nodes.some((node) => node.role !== undefined);
  if (cluster.placement === 'redis-cli' && !pinned && nodes.every((_, index) => isFree(index))) {
    return placeLikeRedisCli(nodes, masterCount(cluster), cluster.replicas);
  }
  const indices = nodes.map((_, index) => index);
  const standing = indices
    .filter((index) => standings[index]?.is === 'master')
    .map((master) => ({ master, replicas: indices.filter((index) => isReplicaOf(standings[index], master)) }));
  const free = indices.filter((index) => isFree(index) || standings[index]?.is === 'orphan');
  const forced = free.filter((index) => isFree(index) && nodes[index]?.role === 'master');
  const eligible = free.filter((index) => isFree(index) && nodes[index]?.role === undefined);
  const count = Math.max(0, newMasters(cluster, standing, free.length) - forced.length);
  const completed = (chosen: readonly number[]): Shard[] => {
    const fresh = [...forced, ...chosen].sort((a, b) => a - b).map((master) => ({ master, replicas: [] }));
    const shards = [...standing, ...fresh];
    return fill(
      nodes,
      shards,
      free.filter((index) => !fresh.some(({ master }) => master === index)),
      cluster.replicas,
    );
  };
  const first = spread(nodes, [...standing.map(({ master }) => master), ...forced], eligible, count);
  return improve(nodes, first, eligible, completed);
}

function isReplicaOf(standing: Standing | undefined, master: number): boolean {
  return standing?.is === 'replica' && standing.of === master;
}

/** Free nodes first fill the missing replicas of standing masters; each further master needs replicas of its own. */
function newMasters(cluster: DeclaredCluster, standing: readonly Shard[], free: number): number {
  const missing = standing.reduce((sum, { replicas }) => sum + Math.max(0, cluster.replicas - replicas.length), 0);
  const affordable = Math.floor(Math.max(0, free - missing) / (cluster.replicas + 1));
  return Math.min(Math.max(0, masterCount(cluster) - standing.length), affordable);
}

/** Picks masters one by one in the emptiest zone, then the emptiest host, then in declared order. */
function spread(
  nodes: readonly DeclaredNode[],
  taken: readonly number[],
  eligible: readonly number[],
  count: number,
): number[] {
  const masters = [...taken];
  const chosen: number[] = [];
  const crowd = (index: number): Score => {
    const node = nodes[index];
    const others = masters.flatMap((master) => nodes[master] ?? []);
    if (!node) return [];
    return [
      others.filter((other) => zoneOf(other) === zoneOf(node)).length,
      others.filter((other) => other.host === node.host).length,
    ];
  };
  for (let round = 0; round < count; round += 1) {
    const rest = eligible.filter((index) => !chosen.includes(index));
    const [best] = rest.toSorted((a, b) => compareScores(crowd(a), crowd(b)) || a - b);
    if (best === undefined) break;
    chosen.push(best);
    masters.push(best);
  }
  return chosen;
}

/** Missing replicas first; what is left over goes one by one to the shards with the fewest. */
function fill(
  nodes: readonly DeclaredNode[],
  shards: readonly Shard[],
  free: readonly number[],
  replicas: number,
): Shard[] {
  const missing = shards.map((shard) => Math.max(0, replicas - shard.replicas.length));
  let filled = assignReplicas(nodes, shards, free, missing);
  for (;;) {
    const placed = new Set(filled.flatMap((shard) => shard.replicas));
    const rest = free.filter((index) => !placed.has(index));
    if (rest.length === 0 || filled.length === 0) return filled;
    const fewest = Math.min(...filled.map((shard) => shard.replicas.length));
    filled = assignReplicas(
      nodes,
      filled,
      rest,
      filled.map((shard) => (shard.replicas.length === fewest ? 1 : 0)),
    );
  }
}

/** Exchanges chosen masters for other free nodes as long as that makes the layout better. */
function improve(
  nodes: readonly DeclaredNode[],
  first: readonly number[],
  eligible: readonly number[],
  completed: (chosen: readonly number[]) => Shard[],
): Shard[] {
  let chosen = first;
  let best = completed(chosen);
  let score = scoreOf(nodes, best);
  const ideal = idealScore(nodes, best.length);
  let trials = 0;
  for (let improved = true; improved && compareScores(score, ideal) > 0; ) {
    improved = false;
    for (const candidate of exchanges(nodes, chosen, eligible)) {
      trials += 1;
      if (trials > MAX_TRIALS || trials * nodes.length > MAX_NODE_TRIALS) return best;
      const layout = completed(candidate);
      const candidateScore = scoreOf(nodes, layout);
      if (compareScores(candidateScore, score) >= 0) continue;
      [chosen, best, score, improved] = [candidate, layout, candidateScore, true];
      break;
    }
  }
  return best;
}

/** Every set of masters that differs in one node, one representative per host. */
function* exchanges(
  nodes: readonly DeclaredNode[],
  chosen: readonly number[],
  eligible: readonly number[],
): Generator<number[]> {
  const tried = new Set<string>();
  for (const out of chosen) {
    for (const into of eligible) {
      const pair = `${nodes[out]?.host} ${nodes[into]?.host}`;
      if (chosen.includes(into) || nodes[into]?.host === nodes[out]?.host || tried.has(pair)) continue;
      tried.add(pair);
      yield chosen.map((index) => (index === out ? into : index));
    }
  }
}

/** No layout can score better than this. */
function idealScore(nodes: readonly DeclaredNode[], shards: number): Score {
  const zones = new Set(nodes.map(zoneOf)).size;
  const hosts = new Set(nodes.map((node) => node.host)).size;
  return [0, 0, Math.ceil(shards / Math.max(1, zones)), 0, 0, Math.ceil(shards / Math.max(1, hosts))];
}

/** What of good placement the layout misses, in sentences; empty when nothing. */
export function placementGaps(cluster: DeclaredCluster, shards: readonly Shard[]): string[] {
  const nodes =
    cluster.placement === 'zones' ? cluster.nodes : cluster.nodes.map((node) => ({ ...node, zone: undefined }));
  const gaps: string[] = [];
  const name = (index: number): string => `${nodes[index]?.host}:${nodes[index]?.port}`;
  for (const { master, replicas } of shards) {
    for (const replica of replicas) {
      const [a, b] = [nodes[replica], nodes[master]];
      if (!a || !b) continue;
      if (a.host === b.host) gaps.push(`${name(replica)} is on the same host as its master ${name(master)}`);
      else if (zoneOf(a) === zoneOf(b))
        gaps.push(`${name(replica)} is in ${zoneOf(a)} like its master ${name(master)}`);
    }
  }
  const zones = shards.flatMap(({ master }) => nodes[master] ?? []).map(zoneOf);
  const crowded = fullest(zones);
  if (shards.length > 1 && crowded * 2 >= shards.length) {
    const zone = zones.find((name) => zones.filter((other) => other === name).length === crowded) ?? '';
    gaps.push(`${zone} holds ${crowded} of ${shards.length} masters: without it the cluster has no majority`);
  }
  return gaps;
}
