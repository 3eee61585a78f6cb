import type { DeclaredNode } from '../cluster/topology.ts';
import type { Shard } from './placement-score.ts';

/**
 * The layout of `redis-cli --cluster create` before its random optimiser: nodes interleaved by address, the first ones
 * masters, the rest rotated by one and given to masters on another address where there is one.
 */
export function placeLikeRedisCli(nodes: readonly DeclaredNode[], masters: number, replicas: number): Shard[] {
  const order = interleaved(nodes);
  const spare = order.slice(masters);
  spare.push(...spare.splice(0, 1));
  const shards = order.slice(0, masters).map((master) => ({ master, replicas: [] as number[] }));
  const give = (shard: (typeof shards)[number]): void => {
    const elsewhere = spare.findIndex((index) => nodes[index]?.address !== nodes[shard.master]?.address);
    shard.replicas.push(...spare.splice(Math.max(elsewhere, 0), 1));
  };
  for (const shard of shards) for (let count = 0; count < replicas; count += 1) give(shard);
  for (const shard of shards) give(shard);
  return shards;
}

function interleaved(nodes: readonly DeclaredNode[]): number[] {
  const queues = new Map<string, number[]>();
  nodes.forEach((node, index) => {
    queues.set(node.address, [...(queues.get(node.address) ?? []), index]);
  });
  const order: number[] = [];
  while (order.length < nodes.length) {
    for (const queue of queues.values()) order.push(...queue.splice(0, 1));
  }
  return order;
}
