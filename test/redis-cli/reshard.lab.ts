import { afterAll, beforeAll, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { countSlots } from '../../src/redis/slots/slots.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { describeBeside, redisCli } from './redis-cli.ts';

const ports = [21371, 21372, 21373];
const [first = 0, , third = 0] = ports;
const seed = `127.0.0.1:${first}`;
const SLOTS = 200;

/** In the order in which they are told, on one cluster. */
describeBeside('moving slots, by redis-cli and by us', () => {
  const servers = new Servers();
  let even: readonly number[] = [];

  const seen = async (): Promise<SeenNode[]> => (await observeAll(declared(ports), localIo())) as SeenNode[];
  const counts = async (): Promise<number[]> => (await seen()).map(({ self }) => countSlots(self.slots));
  const settled = async (): Promise<boolean> =>
    verify(declared(ports, { replicas: 0 }), await seen(), { placement: true }).length === 0;

  /** The even split, but for slots of the first master that the last one has. */
  const shifted = (by: number): DeclaredCluster => {
    const level = declared(ports, { replicas: 0, rebalance: true, threshold: 0 });
    const weights = even.map((count, index) => count + (index === 0 ? -by : index === 2 ? by : 0));
    return { ...level, nodes: level.nodes.map((node, index) => ({ ...node, weight: weights[index] })) };
  };
  const ours = async (cluster: DeclaredCluster) =>
    await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 15_000 });
  const theirs = async (from: number, to: number) => {
    const [giver, taker] = [await command(from, ['CLUSTER', 'MYID']), await command(to, ['CLUSTER', 'MYID'])];
    const which = ['--cluster-from', String(giver), '--cluster-to', String(taker), '--cluster-slots', String(SLOTS)];
    return await redisCli(['reshard', seed, ...which, '--cluster-yes']);
  };

  /** The most slots that were open at once on a server, by the log of what it was told. */
  const mostOpen = async (port: number): Promise<number> => {
    const log = (await command(port, ['SLOWLOG', 'GET', '-1'])) as [number, number, number, string[]][];
    const marks = log.toReversed().flatMap(([, , , words]) => (/^setslot$/i.test(words[1] ?? '') ? [words] : []));
    const open = new Set<string>();
    let most = 0;
    for (const [, , slot = '', mark = ''] of marks) {
      if (mark.toUpperCase() === 'MIGRATING') open.add(slot);
      else open.delete(slot);
      most = Math.max(most, open.size);
    }
    return most;
  };

  beforeAll(async () => {
    const logged = ['--slowlog-log-slower-than', '0', '--slowlog-max-len', '20000'];
    await Promise.all(ports.map((port) => servers.start(port, logged)));
    await ours(declared(ports, { replicas: 0 }));
    even = await counts();
    for (const tag of Array.from({ length: 300 }, (_, index) => `key:${index}`)) {
      for (const port of ports) await command(port, ['SET', tag, 'x'.repeat(100)]);
    }
  });
  afterAll(() => servers.stopAll());

  it('two hundred slots: opens one at a time; many', async () => {
    expect(await theirs(first, third)).toMatchObject({ exit: 0 });
    expect(await mostOpen(first)).toBe(1);
    await until(settled, 'the slots moved by redis-cli');
    await ours(shifted(0));
    expect(await counts()).toEqual(even);
    expect(await mostOpen(third)).toBeGreaterThan(20);
  });

  it('a receiver that refuses for a while: stops, and then refuses for the open slot; goes on from there', async () => {
    const refuse = async (): Promise<void> => {
      await command(third, ['CONFIG', 'SET', 'maxmemory', '1']);
    };
    const accept = async (): Promise<void> => {
      await command(third, ['CONFIG', 'SET', 'maxmemory', '0']);
    };
    await refuse();
    const stopped = await theirs(first, third);
    expect(stopped.exit).toBe(1);
    expect(stopped.text).toMatch(/OOM/);
    await accept();
    const again = await theirs(first, third);
    expect(again.exit).toBe(1);
    expect(again.text).toContain('Please fix your cluster problems before resharding');
    expect(again.text).toMatch(/The following slots are open: \d+/);
    await ours(shifted(SLOTS));
    expect(await counts()).toEqual(shifted(SLOTS).nodes.map(({ weight }) => weight));
    await until(settled, 'no open slot');
  });
});
