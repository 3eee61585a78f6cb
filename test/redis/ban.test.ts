import { describe, expect, it } from 'vitest';
import { Ban, forgottenAmong } from '../../src/redis/cluster/ban.ts';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { strangersAmong } from '../../src/redis/cluster/reach.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import type { ClusterIo } from '../../src/redis/node/cluster-io.ts';
import type { RespValue } from '../../src/redis/node/contract.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { ModelCluster } from './model.ts';

const cluster: DeclaredCluster = {
  name: 'main',
  nodes: [7000, 7001, 7002, 7003].map((port) => ({ host: `h${port}`, address: '10.0.0.1', port })),
  replicas: 0,
  placement: 'zones',
  nodeTimeoutMs: 5000,
  allow: [],
};

/** A standing cluster of four, in which the first three do not know the last one any more. */
function forgetful(changes: Partial<SeenNode> = {}, last: Partial<SeenNode> = {}): SeenNode[] {
  const model = new ModelCluster(cluster);
  for (const step of planCluster(cluster, model.views(cluster)).steps) model.carryOut(step);
  const seen = model.views(cluster).filter((view) => view.seen);
  const gone = seen.at(-1)?.self.id;
  return seen.map((view) => {
    if (view.self.id === gone) return { ...view, ...changes, ...last };
    return { ...view, ...changes, others: view.others.filter(({ id }) => id !== gone) };
  });
}

const standing = (): SeenNode[] => {
  const seen = forgetful();
  const last = seen.at(-1);
  return seen.map((view) => (last && view !== last ? { ...view, others: [...view.others, last.self] } : view));
};

describe('nodes that may have been forgotten', () => {
  const count = (...args: Parameters<typeof forgetful>) => forgottenAmong(forgetful(...args)).size;

  it('are those that others do not know and that were members once, where servers tell whom they forgot', () => {
    expect(count({ flavor: 'redis', version: '7.2.0' })).toBe(1);
    expect(count({ flavor: 'valkey', version: '7.2.4' })).toBe(1);
    expect(count({ flavor: 'redis', version: '7.0.15' })).toBe(0);
    expect(count({ version: '8.0.2' }, { others: [], epoch: 3 })).toBe(1);
    expect(count({ version: '8.0.2' }, { others: [], epoch: 0 })).toBe(0);
    expect(forgottenAmong(standing()).size).toBe(0);
  });
});

describe('a ban', () => {
  function watch(suspects: ReadonlySet<string>, setting: RespValue) {
    let now = 0;
    const io: Pick<ClusterIo, 'now' | 'query'> = {
      now: () => now,
      query: async () => ({ ok: true, replies: [setting] }),
    };
    const ban = new Ban(io as ClusterIo, suspects);
    return {
      ban,
      look: async (at: number, seen: readonly SeenNode[]) => {
        now = at;
        return (await ban.look(seen, strangersAmong(seen))).length;
      },
    };
  }
  const suspects = forgottenAmong(forgetful({ version: '8.0.2' }));

  it('is over when a node was known by all for as long as they take to tell each other', async () => {
    const { ban, look } = watch(suspects, []);
    expect(await look(0, forgetful())).toBe(1);
    expect(await look(1000, standing())).toBe(1);
    expect(await look(4000, forgetful())).toBe(1);
    expect(await look(5000, standing())).toBe(1);
    expect(await look(7400, standing())).toBe(1);
    expect(await look(7500, standing())).toBe(0);
    expect(ban.reason).toBe(
      '; h7003:7003 (10.0.0.1:7003) was forgotten, and the others drop it again until that is 60 s ago',
    );
    expect(ban.patience(20_000)).toBe(70_000);
  });

  it('lasts as long as the server says, and is none where nobody is dropped', async () => {
    const said = watch(suspects, ['cluster-blacklist-ttl', '5']);
    expect(await said.look(0, standing())).toBe(1);
    expect([said.ban.reason, said.ban.patience(20_000)]).toEqual(['', 20_000]);
    expect(await said.look(100, forgetful())).toBe(1);
    expect(said.ban.reason).toMatch(/ until that is 5 s ago$/);
    expect(said.ban.patience(1000)).toBe(15_000);
    const none = watch(new Set(), []);
    expect(await none.look(0, forgetful())).toBe(0);
    expect(none.ban.patience(1000)).toBe(1000);
  });
});
