import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { type DeclaredCluster, nodeName } from '../../src/redis/cluster/topology.ts';
import { awaitEmptied, awaitMembers } from '../../src/redis/cluster/wait.ts';
import type { ClusterIo } from '../../src/redis/node/cluster-io.ts';
import type { RespValue } from '../../src/redis/node/contract.ts';
import { formatSlots, mergeRanges, type SlotRange } from '../../src/redis/slots/slots.ts';
import { ModelCluster } from './model.ts';

const cluster: DeclaredCluster = {
  name: 'main',
  nodes: [7000, 7001, 7002, 7003, 7004, 7005].map((port) => ({ host: `h${port}`, address: '10.0.0.1', port })),
  replicas: 1,
  placement: 'zones',
  nodeTimeoutMs: 5000,
  allow: [],
};

/** Masters with slots and free nodes that all know each other, before anyone became a replica; only the first one says ok. */
function introduced(): ModelCluster {
  const model = new ModelCluster(cluster);
  for (const step of planCluster(cluster, model.views(cluster)).steps) {
    if (step.do === 'replicate') break;
    model.carryOut(step);
  }
  return model;
}

/** How many times it slept until the wait was over; from the third time on all nodes say ok. */
async function sleepsOf(model: ModelCluster, forming: boolean): Promise<number> {
  let sleeps = 0;
  const io: Pick<ClusterIo, 'now' | 'sleep' | 'query' | 'progress'> = {
    now: () => sleeps * 100,
    sleep: async () => {
      sleeps += 1;
    },
    progress: () => undefined,
    query: async ({ via, port }) => {
      const name = nodeName({ host: via, port });
      const answer = model.answer(model.node(name));
      if (!answer.ok || name === 'h7000:7000' || sleeps >= 3) return answer;
      const fails = (reply: (typeof answer.replies)[number]) =>
        typeof reply === 'string' ? reply.replace('cluster_state:ok', 'cluster_state:fail') : reply;
      return { ok: true, replies: answer.replies.map(fails) };
    },
  };
  const before = { forming, forgotten: new Set<string>() };
  await awaitMembers(cluster, io as ClusterIo, 20_000, async () => undefined, before);
  return sleeps;
}

describe('the wait for members', () => {
  it('of a cluster that forms is over when all know each other, though one says ok before the others', async () => {
    expect(await sleepsOf(introduced(), true)).toBe(0);
  });

  it('lasts until all say ok in a cluster that serves', async () => {
    expect(await sleepsOf(introduced(), false)).toBe(3);
  });

  it('lasts as long when somebody wrote a key while the cluster formed', async () => {
    const model = introduced();
    model.node('h7000:7000').keys = 1;
    expect(await sleepsOf(model, true)).toBe(3);
  });
});

describe('the wait before a master is forgotten', () => {
  /** The first master has given its slots away, and its replica has not heard of it until the third look; gives how often it slept. */
  async function sleepsUntilEmptied(own: SlotRange[], laggards: number): Promise<number> {
    const model = introduced();
    const [giver, taker] = [model.node('h7000:7000'), model.node('h7001:7001')];
    const given = giver.slots;
    [giver.slots, taker.slots] = [own, mergeRanges([...taker.slots, ...given])];
    const old = formatSlots(given, ' ');
    let sleeps = 0;
    const io: Pick<ClusterIo, 'now' | 'sleep' | 'query' | 'progress'> = {
      now: () => sleeps * 100,
      sleep: async () => {
        sleeps += 1;
      },
      progress: () => undefined,
      query: async ({ via, port }) => {
        const answer = model.answer(model.node(nodeName({ host: via, port })));
        if (!answer.ok || port !== 7003 || sleeps >= laggards) return answer;
        const before = new RegExp(`^${giver.id} .*$`, 'm');
        const stale = (reply: RespValue) =>
          typeof reply === 'string' ? reply.replace(before, (line) => `${line} ${old}`) : reply;
        return { ok: true, replies: answer.replies.map(stale) };
      },
    };
    await awaitEmptied(cluster, io as ClusterIo, 5000, new Set([giver.id]));
    return sleeps;
  }

  it('lasts until the last replica has heard who took its slots', async () => {
    expect(await sleepsUntilEmptied([], 0)).toBe(0);
    expect(await sleepsUntilEmptied([], 3)).toBe(3);
  });

  it('is over at once where it owns slots yet', async () => {
    expect(await sleepsUntilEmptied([[0, 1]], 3)).toBe(0);
  });

  it('ends when nobody tells a node for too long, and names it', async () => {
    await expect(sleepsUntilEmptied([], 1000)).rejects.toThrow(
      /nobody was forgotten: no progress within 5 s: h7003:7003 .*still sees slots of h7000:7000/,
    );
  });
});
