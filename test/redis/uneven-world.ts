import { expect } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { evenSlots } from '../../src/redis/slots/slots.ts';
import { type MakeServer, SlotWorld } from './slot-model.ts';

function declare(masters: number, changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
  const nodes = Array.from({ length: masters }, (_, index): DeclaredNode => {
    return { host: `h${index}`, address: '10.0.0.1', port: 7000 + index };
  });
  return { name: 'main', nodes, replicas: 0, placement: 'zones', nodeTimeoutMs: 5000, allow: [], ...changes };
}

/** Five masters, three of which have some slots of the other two; keys in every other slot. */
export function world(seed: number, make?: MakeServer): SlotWorld {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const made = new SlotWorld(declare(5), random, make);
  evenSlots(5).forEach(([first, last], index) => {
    for (let slot = first; slot <= last; slot += 1) {
      const owner = index > 2 && last - slot < 120 ? made.servers[slot % 3] : made.servers[index];
      for (const server of made.servers) server.owners[slot] = owner?.id;
      if (slot % 2 === 0) for (let n = 0; n <= slot % 3; n += 1) owner?.keysOf(slot).set(`${slot}:${n}`, `v${slot}`);
    }
  });
  return made;
}

export function allKeys(made: SlotWorld): string[] {
  return made.servers.flatMap(({ data }) => [...data.values()].flatMap((keys) => [...keys.keys()])).sort();
}

export async function bring(made: SlotWorld, cluster: DeclaredCluster): Promise<void> {
  const io = made.io();
  await form(cluster, await observeAll(cluster, io), io, { stallMs: 60_000, probeWrites: false });
}

export async function expectWhole(made: SlotWorld, cluster: DeclaredCluster, keys: readonly string[]): Promise<void> {
  made.gossip();
  const views = await observeAll(cluster, made.io());
  expect(verify(cluster, views, { placement: false })).toEqual([]);
  expect(planCluster(cluster, views).steps).toEqual([]);
  expect(allKeys(made)).toEqual(keys);
  for (const server of made.servers) {
    for (const [slot, held] of server.data) if (held.size > 0) expect(server.owners[slot]).toBe(server.id);
  }
}

export const level = declare(5, { rebalance: true, threshold: 0 });
