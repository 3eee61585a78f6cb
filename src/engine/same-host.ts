import type { RecordedNode } from '../redis/cluster/topology.ts';
import { canonicalAddress } from '../template/address.ts';
import type { Run } from './run-state.ts';
import { targetOf } from './target.ts';

/** Inventory hosts that these nodes run on: by the name that another inventory gave them, or by the address that they are reached at. */
export function hostsAmong(run: Run, nodes: readonly Pick<RecordedNode, 'host' | 'address'>[]): string[] {
  if (nodes.length === 0) return [];
  const names = new Set(nodes.map(({ host }) => host));
  const addresses = new Set(nodes.map(({ address }) => canonicalAddress(address)));
  return [...run.request.inventory.hosts.keys()].filter(
    (name) => names.has(name) || addresses.has(addressOf(run, name) ?? ''),
  );
}

function addressOf(run: Run, name: string): string | undefined {
  try {
    return canonicalAddress(targetOf(run.scope(run.host(name), undefined), undefined, run.request).address);
  } catch {
    // Variables that do not say how to get there: it is no host that anything could be locked on.
    return undefined;
  }
}
