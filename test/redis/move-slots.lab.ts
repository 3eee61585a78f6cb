import { afterEach, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { accessOf, type DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { type ClusterIo, observeAll } from '../../src/redis/node/cluster-io.ts';
import type { NodeLink } from '../../src/redis/node/contract.ts';
import { keySlot } from '../../src/redis/node/key-slot.ts';
import { countSlots } from '../../src/redis/slots/slots.ts';
import { askKept, command, declared, localIo, Servers } from './servers.ts';

const servers = new Servers();
const links: NodeLink[] = [];
afterEach(async () => {
  for (const link of links.splice(0)) link.close();
  await servers.stopAll();
});

const three = [17401, 17402, 17403];
const five = [...three, 17404, 17405];

async function start(ports: readonly number[], settings: readonly string[] = []): Promise<void> {
  await Promise.all(ports.map(async (port) => await servers.start(port, settings)));
}

async function bring(cluster: DeclaredCluster, io = localIo()) {
  const formed = await form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 });
  expect(verify(cluster, formed.views, { placement: true })).toEqual([]);
  expect(planCluster(cluster, formed.views).steps).toEqual([]);
  return { ...formed, seen: formed.views.filter((view) => view.seen) };
}

/** This node hears of a slot's new owner a third of a second after the others. */
function lateFor(port: number): ClusterIo {
  const io = localIo();
  const link: ClusterIo['link'] = async (node, encoding) => {
    const made = await io.link(node, encoding);
    if (node.port !== port) return made;
    return {
      isOpen: true,
      close: () => made.close(),
      send: async (commands, timeoutMs) => {
        if (commands[0]?.[3] === 'NODE') await io.sleep(333);
        return await made.send(commands, timeoutMs);
      },
    };
  };
  return { ...io, link };
}

/** Keys may be any bytes: a link of its own that takes a character for a byte. */
async function bytesOf(cluster: DeclaredCluster, port: number): Promise<NodeLink> {
  const node = cluster.nodes.find((declared) => declared.port === port);
  if (!node) throw new Error(`no node on ${port}`);
  const link = await askKept({ ...accessOf(node), encoding: 'latin1' });
  links.push(link);
  return link;
}

/** Sends a command where redirections lead. */
async function follow(cluster: DeclaredCluster, words: readonly string[]): Promise<unknown> {
  let port = cluster.nodes[0]?.port ?? 0;
  for (let hop = 0; hop < 5; hop += 1) {
    const [reply] = await (await bytesOf(cluster, port)).send([words]);
    const moved =
      typeof reply === 'object' && reply !== null && 'error' in reply ? /^MOVED .*:(\d+)$/.exec(reply.error) : null;
    if (!moved) return reply;
    port = Number(moved[1]);
  }
  throw new Error(`redirected too often: ${words.join(' ')}`);
}

const KEYS = [
  'foo',
  'b\xe4r\xff\x00\r\n',
  '\xfe\xed{tag}',
  ...Array.from({ length: 300 }, (_, index) => `key:${index}`),
];

async function fill(cluster: DeclaredCluster): Promise<void> {
  for (const key of KEYS) expect(await follow(cluster, ['SET', key, `value of ${key}`])).toBe('OK');
}

async function expectFilled(cluster: DeclaredCluster): Promise<void> {
  for (const key of KEYS) expect(await follow(cluster, ['GET', key])).toBe(`value of ${key}`);
  const sizes = await Promise.all(
    cluster.nodes.map(async ({ port }) => Number(await command(port, ['DBSIZE'], auth(cluster)))),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(KEYS.length * (1 + cluster.replicas));
}

function auth(cluster: DeclaredCluster) {
  return cluster.nodes[0]?.auth;
}

function withPassword(cluster: DeclaredCluster): DeclaredCluster {
  return { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, auth: { password: 'p wörd' } })) };
}

const counts = (seen: Awaited<ReturnType<typeof bring>>['seen']) => seen.map((view) => countSlots(view.self.slots));

describe('moving slots between real servers', () => {
  it('levels five masters by weight and drains two of them again, keys of any bytes included', async () => {
    await start(five, ['--requirepass', 'p wörd', '--masterauth', 'p wörd']);
    const small = withPassword(declared(three, { replicas: 0 }));
    await bring(small);
    await fill(small);
    const level = withPassword(declared(five, { replicas: 0, rebalance: true }));
    const grown = await bring(level);
    expect(counts(grown.seen)).toEqual([3277, 3277, 3277, 3277, 3276]);
    expect(grown.flights).toEqual([expect.objectContaining({ slots: 6553 })]);
    await expectFilled(level);
    const weighted = { ...level, nodes: level.nodes.map((node, index) => ({ ...node, weight: index < 2 ? 2 : 1 })) };
    expect(counts((await bring(weighted)).seen)).toEqual([4681, 4681, 2341, 2341, 2340]);
    const shrunk = { ...small, leaving: level.nodes.slice(3) };
    const left = await bring(shrunk);
    expect(counts(left.seen).reduce((sum, count) => sum + count, 0)).toBe(16384);
    expect(left.steps).toContain('3 nodes: forget h5:17405');
    await expectFilled(small);
  });

  it('waits while a giver may still raise its config epoch above that of who takes its slots', async () => {
    await start(three);
    const even = declared(three, { replicas: 0 });
    const { seen } = await bring(even);
    await fill(even);
    // The one with the smaller id raises its epoch when it hears from another with the same, within two seconds.
    const ids = new Map(seen.map(({ node, self }) => [node.port, self.id]));
    const [giver = 0, other = 0, taker = 0] = three.toSorted((a, b) =>
      (ids.get(a) ?? '') < (ids.get(b) ?? '') ? -1 : 1,
    );
    const share = 16384 / 3;
    const give = (count: number): DeclaredCluster => {
      const weights = new Map([
        [giver, share - count],
        [other, share],
        [taker, share + count],
      ]);
      const nodes = even.nodes.map((node) => ({ ...node, weight: weights.get(node.port) ?? 0 }));
      return { ...even, rebalance: true, threshold: 0, nodes };
    };
    // From now on the third has the highest, and the others can raise theirs.
    await bring(give(200));
    await Promise.all([giver, other].map(async (port) => await command(port, ['CLUSTER', 'BUMPEPOCH'])));
    await bring(give(400), lateFor(giver));
    await expectFilled(even);
  });

  it('lets shards leave: their replicas follow other masters, and nobody knows the masters any more', async () => {
    const [masters, replicas] = [five.slice(0, 4), [17406, 17407, 17408, 17409]];
    await start([...masters, ...replicas]);
    const all = declared([...masters, ...replicas]);
    await bring(all);
    await fill(all);
    const leaving = all.nodes.filter(({ port }) => port === 17404);
    const shrunk = { ...all, nodes: all.nodes.filter(({ port }) => port !== 17404), leaving, masters: 3 };
    const { seen, views } = await bring(shrunk);
    const staying = seen.filter(({ node }) => node.port !== 17404);
    expect(
      observedShards(staying)
        .map((shard) => shard.replicas.length)
        .sort(),
    ).toEqual([1, 1, 2]);
    expect(staying.flatMap((view) => view.others).some(({ port }) => port === 17404)).toBe(false);
    await servers.kill(17404);
    expect(planCluster(shrunk, await observeAll(shrunk, localIo()))).toMatchObject({ refusals: [], steps: [] });
    expect(views).toHaveLength(8);
  });

  it('closes open slots by what holds the data', async () => {
    await start(three);
    const cluster = declared(three, { replicas: 0 });
    const { seen } = await bring(cluster);
    await fill(cluster);
    const ids = seen.map(({ self }) => self.id);
    const [owner = 0, other = 0] = [seen, seen].map((views, index) => {
      const holds = views.findIndex(({ self }) =>
        self.slots.some(([first, last]) => first <= keySlot('foo') && last >= keySlot('foo')),
      );
      return (holds + index) % 3;
    });
    const [from = 0, to = 0] = [three[owner], three[other]];
    const slot = String(keySlot('foo'));
    // Only the taker is marked, and has a key that its owner misses.
    await command(to, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[owner] ?? '']);
    await command(from, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[other] ?? '']);
    await command(from, ['MIGRATE', '127.0.0.1', String(to), 'foo', '0', '5000']);
    await command(from, ['CLUSTER', 'SETSLOT', slot, 'STABLE']);
    expect(await command(from, ['GET', 'foo'])).toBe(null);
    await bring(cluster);
    expect(await command(from, ['GET', 'foo'])).toBe('value of foo');
    // Both are marked: the move is finished.
    await command(to, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[owner] ?? '']);
    await command(from, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[other] ?? '']);
    await bring(cluster);
    expect(await command(to, ['GET', 'foo'])).toBe('value of foo');
    await expectFilled(cluster);
  });

  it('gives a slot of which each of two believes that the other owns it to the master that may take it', async () => {
    await start(three);
    const cluster = declared(three, { replicas: 0 });
    const { seen } = await bring(cluster);
    await fill(cluster);
    const slot = String(seen[1]?.self.slots[0]?.[0]);
    await command(17402, ['CLUSTER', 'SETSLOT', slot, 'NODE', seen[0]?.self.id ?? '']);
    await expect(bring(cluster)).rejects.toThrow(
      `no node owns slots ${slot}: keys of theirs may be on a node that is not here`,
    );
    for (const port of three) expect(await command(port, ['INFO', 'commandstats'])).not.toMatch(/delslots/);
    const node = 'h3:17403';
    const { steps } = await bring({ ...cluster, allow: [{ node, may: 'take-slots' }] });
    expect(steps).toContain(`${node}: add slots ${slot}`);
    await expectFilled(cluster);
  });

  it('keeps both copies of a key that differ when nothing tells which is the newer, and says where they are', async () => {
    await start(three);
    const cluster = declared(three, { replicas: 0 });
    const { seen } = await bring(cluster);
    const [from = 0, to = 0] = [three[2], three[0]];
    const [fromId = '', toId = ''] = [seen[2]?.self.id, seen[0]?.self.id];
    await command(to, ['CLUSTER', 'SETSLOT', '12182', 'IMPORTING', fromId]);
    await command(from, ['SET', 'foo', 'mine']);
    await command(from, ['CLUSTER', 'SETSLOT', '12182', 'MIGRATING', toId]);
    const link = await bytesOf(cluster, to);
    const put = async (value: string) => await link.send([['ASKING'], ['SET', 'foo', value]]);
    await put('theirs');
    await expect(bring(cluster)).rejects.toThrow(
      /key "foo" of slot 12182 is on h3:17403 .* and on h1:17401 .* different values/,
    );
    expect(await command(from, ['GET', 'foo'])).toBe('mine');
    await put('mine');
    await bring(cluster);
    expect(await command(to, ['GET', 'foo'])).toBe('mine');
  });

  it('carries a key that is larger than all limits', async () => {
    await start([...three, 17404]);
    const small = declared(three, { replicas: 0 });
    await bring(small);
    await command(17403, ['SETRANGE', 'foo', '30000000', 'end']);
    for (let part = 0; part < 4; part += 1) {
      const members = Array.from({ length: 20_000 }, (_, index) => `member ${part}:${index}`);
      await command(17403, ['SADD', '{foo}set', ...members]);
    }
    const level = { ...declared(three, { replicas: 0, rebalance: true }) };
    const weighted = {
      ...level,
      nodes: level.nodes.map((node) => ({ ...node, weight: node.port === 17403 ? 0 : 1 })),
      leaving: [],
    };
    const four = {
      ...weighted,
      nodes: [...weighted.nodes, ...declared([17404]).nodes.map((node) => ({ ...node, host: 'h4' }))],
    };
    const { flights } = await bring(four);
    expect(flights[0]?.keys).toBe(2);
    expect(await follow(four, ['STRLEN', 'foo'])).toBe(30_000_003);
    expect(await follow(four, ['SCARD', '{foo}set'])).toBe(80_000);
  });

  it('leaves a slot where it is whose key would keep a server silent for too long, names the key, and moves the others', async () => {
    await start(three, ['--cluster-node-timeout', '1000']);
    const even = declared(three, { replicas: 0, nodeTimeoutMs: 1000 });
    await bring(even);
    await fill(even);
    await command(17403, ['SETRANGE', '{foo}large', '80000000', 'end']);
    const weighted = { ...even, rebalance: true, threshold: 0 };
    const emptied = {
      ...weighted,
      nodes: weighted.nodes.map((node, index) => ({ ...node, weight: index === 2 ? 1 : 8 })),
    };
    await expect(bring(emptied)).rejects.toThrow(
      /slot 12182 stays on h3:17403 .*key "\{foo\}large" \(string, \d+ MiB\) would block the server .* node timeout of 1 s/,
    );
    const views = (await observeAll(emptied, localIo())).filter((view) => view.seen);
    expect(views.flatMap(({ self }) => [...self.migrating.keys(), ...self.importing.keys()])).toEqual([]);
    expect(views[2]?.self.slots).toEqual([
      [10923, expect.any(Number)],
      [12182, 12182],
    ]);
    expect(await command(17403, ['STRLEN', '{foo}large'])).toBe(80_000_003);
    await bring({ ...emptied, nodeTimeoutMs: 20_000, rebalance: false });
    await bring({ ...emptied, nodeTimeoutMs: 20_000 });
    expect(await follow(even, ['STRLEN', '{foo}large'])).toBe(80_000_003);
  });

  it('gives new masters the functions of the others before they get slots', async () => {
    await start(five);
    // Servers before 7.0 have none.
    if (!String(await command(17401, ['INFO', 'memory'])).includes('number_of_libraries')) return;
    const small = declared(three, { replicas: 0 });
    await bring(small);
    const library = '#!lua name=bytes\nredis.register_function("bytes", function() return "\u00e4\\255" end)';
    for (const port of three) await command(port, ['FUNCTION', 'LOAD', library]);
    const grown = declared(five, { replicas: 0, rebalance: true });
    const { steps } = await bring(grown);
    expect(steps).toEqual(expect.arrayContaining([expect.stringMatching(/^h5:17405: copy the functions of h\d:/)]));
    const answers = await Promise.all(five.map((port) => command(port, ['FCALL', 'bytes', '0'])));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toBe('\u00e4\ufffd');
  });
});
