import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import type { Inventory } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import type { HostVariables } from './check-inventory.ts';
import { isTemplate } from './coerce.ts';

/** The name of a cluster without one, as in playbooks/vars/settings.yml. */
const DEFAULT_NAME = 'main';

/**
 * The shipped playbooks make one cluster of the group `redis`: two inventories given at once, or two clusters in one file, would
 * become one without a word.
 */
export function checkClusterName(inventory: Inventory, variables: ReadonlyMap<string, HostVariables>): Diagnostic[] {
  const redis = new Set(inventory.groups.get('redis')?.hosts ?? []);
  const hosts = new Map<string, string[]>();
  let span: Span | undefined;
  for (const [host, find] of variables) {
    const found = redis.has(host) ? find('redis_cluster_name') : undefined;
    if (!redis.has(host) || isTemplate(found?.value)) continue;
    const name = String(found?.value ?? DEFAULT_NAME);
    hosts.set(name, [...(hosts.get(name) ?? []), host]);
    span = found === undefined ? span : spanOf(found.vars, 'redis_cluster_name');
  }
  if (hosts.size < 2) return [];
  const clusters = [...hosts].map(([name, members]) => `${name} (${shortened(members)})`);
  return [
    {
      severity: 'error',
      code: 'two-clusters',
      message: `the group redis holds hosts of ${hosts.size} clusters: ${clusters.join(', ')}`,
      span,
      hint: 'playbooks make one cluster of the group redis: give each cluster an inventory of its own, and one of them to -i',
    },
  ];
}

function shortened(hosts: readonly string[]): string {
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(' ')} and ${hosts.length - 3} more` : hosts.join(' ');
}
