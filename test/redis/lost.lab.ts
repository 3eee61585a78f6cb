import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Formed, form } from '../../src/redis/cluster/form.ts';
import { type DeclaredCluster, nodeName } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { command, declared, localIo, Servers, until } from './servers.ts';

const six = [17351, 17352, 17353, 17354, 17355, 17356];
const [first = 0, second = 0, third = 0, , fifth = 0] = six;
const SPARE = 17357;
const OTHER_SPARE = 17358;
const fast = ['--cluster-node-timeout', '1000'];

describe('members that are gone for good', () => {
  const servers = new Servers();
  afterEach(() => servers.stopAll());
  beforeEach(async () => {
    await Promise.all(six.map((port) => servers.start(port, fast)));
    await formed(cluster(six));
    await until(async () => (await command(first, ['SET', 'b', 'kept'])) === 'OK', 'a write');
  });

  /** The hosts of these ports, each under its own name whoever else is declared. */
  function cluster(ports: readonly number[], changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
    const names = ports.map((port) => `h${port % 10}`);
    return declared(ports, { nodeTimeoutMs: 1000, ...changes }, names);
  }

  async function formed(of: DeclaredCluster): Promise<Formed> {
    return await form(of, await observeAll(of, localIo()), localIo(), { stallMs: 15_000 });
  }

  async function findings(of: DeclaredCluster): Promise<string[]> {
    return verify(of, await observeAll(of, localIo()), { placement: true }).map(({ message }) => message);
  }

  async function seenBy(port: number): Promise<string> {
    return String(await command(port, ['CLUSTER', 'NODES']));
  }

  async function isMaster(port: number): Promise<boolean> {
    const view = (await observeAll(cluster([port]), localIo()))[0] as SeenNode;
    return view.role === 'master' && view.self.slots.length > 0;
  }

  const without = (port: number): number[] => six.filter((other) => other !== port);
  const lost = (port: number) => ({ host: `h${port % 10}`, address: '127.0.0.1', ports: [port] });

  it('a live one is refused, and nobody is sent anything', async () => {
    const given = cluster(without(fifth), { lost: [lost(fifth)] });
    await expect(formed(given)).rejects.toThrow(/h5:17355 of the lost hosts is not gone: it is seen alive by h1:17351/);
    for (const port of six) expect(await command(port, ['INFO', 'commandstats'])).not.toMatch(/forget/);
  });

  it('a lost master is forgotten once its replica has taken over, and a spare node takes its place', async () => {
    await servers.kill(second);
    const given = cluster([...without(second), SPARE], { lost: [lost(second)] });
    await servers.start(SPARE, fast);
    await until(async () => isMaster(fifth), 'the replica is master');
    await until(async () => /fail - |fail,/.test(await seenBy(first)), 'fail');
    const { steps } = await formed(given);
    expect(steps[0]).toMatch(/^5 nodes: forget h2:17352 \([0-9a-f]{40}\), which is gone$/);
    expect(steps).toContain('h7:17357: replicate h5:17355');
    expect(await findings(given)).toEqual([]);
    for (const port of [...without(second), SPARE]) expect(await seenBy(port)).not.toContain(String(second));
    expect((await formed(given)).changed).toBe(false);
  });

  it('without a replacement the lost one is forgotten all the same, and what is missing is said', async () => {
    await servers.kill(fifth);
    const given = cluster(without(fifth), { lost: [lost(fifth)] });
    await until(async () => /slave,fail /.test(await seenBy(first)), 'fail');
    await formed(given);
    expect(await findings(given)).toEqual(['h2:17352 (127.0.0.1:17352) has 0 replicas, declared are 1']);
    expect((await formed(given)).changed).toBe(false);
  });

  it('a surplus replica of another shard takes the place of a lost one', async () => {
    await servers.start(SPARE, fast);
    await formed(cluster([...six, SPARE]));
    await servers.kill(fifth);
    await until(async () => /slave,fail /.test(await seenBy(first)), 'fail');
    const given = cluster([...without(fifth), SPARE], { lost: [lost(fifth)] });
    await formed(given);
    expect(await findings(given)).toEqual([]);
  });

  it('a shard of which nothing is left is refused by what is lost, until its slots are given to a named node', async () => {
    await servers.kill(fifth);
    await until(async () => /slave,fail /.test(await seenBy(first)), 'fail of the replica');
    await servers.kill(second);
    await until(
      async () => (await seenBy(first)).split('\n').some((line) => /17352.* master,fail /.test(line)),
      'fail',
    );
    const left = six.filter((port) => port !== second && port !== fifth);
    const given = cluster(left, { lost: [lost(second), lost(fifth)] });
    await expect(formed(given)).rejects.toThrow(
      /h2:17352 is gone with all data of slots 5461-10922 \(5462 slots\): no replica of it is left/,
    );
    for (const port of left) expect(await command(port, ['INFO', 'commandstats'])).not.toMatch(/forget/);
    const { steps } = await formed({ ...given, allow: [{ node: 'h1:17351', may: 'take-slots' }] });
    expect(steps).toContain('h1:17351: add slots 5461-10922');
    expect(await command(first, ['CLUSTER', 'INFO'])).toContain('cluster_state:ok');
    expect(await findings(given)).toEqual([]);
    expect((await formed(given)).changed).toBe(false);
  });

  it('a new node that is given the slots of a lost shard has the functions of the others before it has slots', async () => {
    // It takes no writes as long as it has no replica.
    const settings = ['--min-replicas-to-write', '1'];
    // Servers before 7.0 have none.
    if (!String(await command(first, ['INFO', 'memory'])).includes('number_of_libraries')) return;
    const library = '#!lua name=greeting\nredis.register_function("greet", function() return "hello" end)';
    for (const port of [first, third]) await command(port, ['FUNCTION', 'LOAD', library]);
    await Promise.all([second, fifth].map(async (port) => await servers.kill(port)));
    const left = six.filter((port) => port !== second && port !== fifth);
    await until(async () => {
      const told = await Promise.all(left.map(seenBy));
      return told.every((text) => /:17352@\S+ master,fail /.test(text) && /:17355@\S+ slave,fail /.test(text));
    }, 'both dead in the eyes of all');
    await Promise.all([SPARE, OTHER_SPARE].map(async (port) => await servers.start(port, [...fast, ...settings])));
    const { steps } = await formed(
      cluster([...left, SPARE, OTHER_SPARE], {
        lost: [lost(second), lost(fifth)],
        allow: [{ node: 'h7:17357', may: 'take-slots' }],
      }),
    );
    // Its replica counts once it has acknowledged something, which it does every second.
    await until(async () => (await command(SPARE, ['FCALL', 'greet', '0'])) === 'hello', 'the function says hello');
    expect(await command(OTHER_SPARE, ['FUNCTION', 'LIST'])).toEqual(await command(SPARE, ['FUNCTION', 'LIST']));
    expect(steps).toContain('h7:17357: add slots 5461-10922');
    expect(await command(SPARE, ['CONFIG', 'GET', 'min-replicas-to-write'])).toContain('1');
    // Who owns slots has them, also when the run is killed in between.
    const copied = steps.findIndex((step) => step.startsWith('h7:17357: copy the functions of '));
    expect(copied).toBeGreaterThanOrEqual(0);
    expect(copied).toBeLessThan(steps.indexOf('h7:17357: add slots 5461-10922'));
  });

  it('a replica that may not take over by itself is made master by vote when it is named', async () => {
    await command(fifth, ['CONFIG', 'SET', 'cluster-replica-no-failover', 'yes']);
    await servers.kill(second);
    await until(async () => /master,fail /.test(await seenBy(first)), 'fail');
    const given = cluster(without(second), { lost: [lost(second)] });
    await expect(formed(given)).rejects.toThrow(
      /h2:17352 is dead and still owns slots 5461-10922 .* its replica h5:17355 .* did not take over/,
    );
    const { steps } = await formed({ ...given, allow: [{ node: 'h5:17355', may: 'take-slots' }] });
    expect(steps[0]).toBe('h5:17355: take over from h2:17352, which is dead, as allowed');
    expect(await isMaster(fifth)).toBe(true);
    expect(await findings(given)).toEqual(['h5:17355 (127.0.0.1:17355) has 0 replicas, declared are 1']);
  });

  it('an answering one that only the bus cannot reach is not forgotten', async () => {
    // Renaming its bus away is what a firewall does: the others call it dead, its client port still answers.
    await servers.pause(third);
    const given = cluster(without(third), { lost: [lost(third)] });
    await until(async () => /master,fail /.test(await seenBy(first)), 'fail');
    await until(async () => isMaster(17356), 'the replica is master');
    const io = localIo();
    const views = await observeAll(given, io);
    servers.resume(third);
    await expect(form(given, views, io, { stallMs: 15_000 })).rejects.toThrow(
      /^nothing was changed: h3:17353 \(127\.0\.0\.1:17353\) is not gone: it answers h1:17351's host/,
    );
  });

  it('what a wiped node was before is forgotten, and it joins afresh', async () => {
    await servers.kill(second);
    await until(async () => isMaster(fifth), 'the replica is master');
    await servers.wipe(second);
    await servers.start(second, fast);
    // The others notice that another node answers at the address, which makes the old one a node without an address.
    const { steps } = await formed(cluster(six));
    expect(steps.join('\n')).toMatch(/5 nodes: forget h2:17352 .*[\s\S]*h2:17352: replicate h5:17355/);
    expect(await findings(cluster(six))).toEqual([]);
    expect((await formed(cluster(six))).changed).toBe(false);
  });

  it('a forgotten replica that comes back with its old nodes.conf joins again', async () => {
    await servers.kill(fifth);
    await until(async () => /slave,fail /.test(await seenBy(first)), 'fail');
    await formed(cluster(without(fifth), { lost: [lost(fifth)] }));
    await servers.start(fifth, fast);
    expect(await seenBy(first)).not.toContain('17355');
    const { steps } = await formed(cluster(six));
    expect(steps.join('\n')).toContain('meet each other (5 pairs)');
    expect(await findings(cluster(six))).toEqual([]);
  });

  it('a forgotten master that comes back gives its old claims up to the new owner, and joins again as a replica', async () => {
    await command(second, ['SET', 'c', 'x']);
    await until(async () => (await command(fifth, ['DBSIZE'])) === 1, 'the replica has the key');
    await servers.kill(second);
    await until(async () => isMaster(fifth), 'the replica is master');
    await formed(cluster(without(second), { lost: [lost(second)] }));
    await servers.start(second, fast);
    await until(async () => !(await isMaster(second)), 'it heard of the new owner');
    expect(await seenBy(first)).not.toContain('17352');
    await formed(cluster(six));
    expect(await findings(cluster(six))).toEqual([]);
    expect(await command(fifth, ['GET', 'c'])).toBe('x');
  });

  it('a node is found again at its new address', async () => {
    await servers.kill(fifth);
    await until(async () => /slave,fail /.test(await seenBy(first)), 'fail');
    await servers.start(fifth, [...fast, '--bind', '127.0.0.2']);
    const nodes = cluster(six).nodes.map((node) =>
      nodeName(node) === 'h5:17355' ? { ...node, address: '127.0.0.2' } : node,
    );
    const moved = { ...cluster(six), nodes };
    await formed(moved);
    expect(await findings(moved)).toEqual([]);
    expect(await seenBy(first)).toContain('127.0.0.2:17355');
  });
});
