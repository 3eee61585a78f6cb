import { sanitizeLine } from './sanitize.ts';
import type { Outcome } from './task-board.ts';

const slotCount = 16384;

interface ClusterNode {
  readonly id: string | null;
  readonly host: string;
  readonly port: number;
  readonly zone: string | null;
  readonly role: string | null;
  readonly slots: string;
  readonly replica_of: string | null;
}

/** The cluster that a `redis_cluster` task left, once for all hosts, in redis-trib's words with zones. */
export function clusterLines(outcomes: readonly Pick<Outcome, 'result' | 'status'>[]): string[] {
  for (const { result, status } of outcomes) {
    const nodes = nodesOf(result.cluster);
    if (status === 'skipped' || nodes.length === 0) continue;
    const covered = nodes.reduce((sum, node) => sum + (node.role === 'master' ? countSlots(node.slots) : 0), 0);
    const silent = nodes.every(({ role }) => role === null);
    const gap = silent ? 'No node answers.' : `Not all ${slotCount} slots are covered by nodes: ${covered} are.`;
    const verdict = covered === slotCount ? `[OK] All ${slotCount} slots covered.` : `[ERR] ${gap}`;
    return [...nodes.flatMap((node) => nodeLines(node, nodes)), verdict];
  }
  return [];
}

function nodeLines(node: ClusterNode, nodes: readonly ClusterNode[]): string[] {
  const zone = node.zone === null ? '' : ` (${node.zone})`;
  const name = sanitizeLine(`${node.id ?? '-'} ${node.host}:${node.port}${zone}`);
  if (node.role === null) return [`?: ${name}`, '   gives no answer'];
  if (node.role === 'master') {
    return [`M: ${name}`, `   slots:${sanitizeLine(node.slots)} (${countSlots(node.slots)} slots) master`];
  }
  const master = nodes.find(({ host, port }) => `${host}:${port}` === node.replica_of);
  const whom = master === undefined ? String(node.replica_of) : `${master.id} (${node.replica_of})`;
  return [`S: ${name}`, `   replicates ${sanitizeLine(whom)}`];
}

function nodesOf(cluster: unknown): ClusterNode[] {
  const nodes = typeof cluster === 'object' && cluster !== null ? (cluster as { nodes?: unknown }).nodes : undefined;
  if (!Array.isArray(nodes)) return [];
  return nodes
    .filter((node) => typeof node === 'object' && node !== null)
    .map((node: Partial<ClusterNode>) => ({
      id: node.id ?? null,
      host: String(node.host),
      port: Number(node.port),
      zone: node.zone ?? null,
      role: node.role ?? null,
      slots: String(node.slots ?? ''),
      replica_of: node.replica_of ?? null,
    }));
}

/** `0-5460,10923 12000-12001`, as Redis and redis-trib write ranges. */
function countSlots(slots: string): number {
  return [...slots.matchAll(/(\d+)(?:-(\d+))?/g)].reduce(
    (sum, [, from, to]) => sum + Number(to ?? from) - Number(from) + 1,
    0,
  );
}
