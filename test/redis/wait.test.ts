import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { type DeclaredCluster, nodeName } from '../../src/redis/cluster/topology.ts';
import { awaitMembers } from '../../src/redis/cluster/wait.ts';
import type { ClusterIo } from '../../src/redis/node/cluster-io.ts';
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
