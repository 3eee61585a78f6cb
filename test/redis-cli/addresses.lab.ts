import { afterEach, expect, it } from 'vitest';
import { canary } from '../../src/redis/cluster/canary.ts';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { declared, localIo, Servers } from '../redis/servers.ts';
import { describeBeside, redisCli } from './redis-cli.ts';

const ports = [21381, 21382, 21383, 21384, 21385, 21386];
const yes = ['--cluster-replicas', '1', '--cluster-yes'];

describeBeside('addresses that are not one IPv4 address for each host, by redis-cli and by us', () => {
  const servers = new Servers();
  afterEach(() => servers.stopAll());

  const startAll = async (settings: (index: number) => readonly string[]): Promise<void> => {
    await Promise.all(ports.map((port, index) => servers.start(port, settings(index))));
  };
  const ours = async (cluster: DeclaredCluster): Promise<SeenNode[]> => {
    const { views } = await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 15_000 });
    expect(verify(cluster, views, { placement: true })).toEqual([]);
    return views.filter((view) => view.seen);
  };

  it('IPv6: takes its usual notation for a name; forms a cluster, and a write is followed to every shard', async () => {
    await startAll(() => ['--bind', '127.0.0.1', '::1', '--cluster-announce-ip', '::1']);
    const theirs = await redisCli(['create', ...ports.map((port) => `[::1]:${port}`), ...yes]);
    expect(theirs.exit).toBe(1);
    expect(theirs.text).toMatch(/Could not connect to Redis at \[::1\]:21381: Name or service not known/);
    const open = declared(ports);
    const cluster = { ...open, nodes: open.nodes.map((node) => ({ ...node, address: '::1' })) };
    const seen = await ours(cluster);
    expect(new Set(seen.map(({ self }) => self.address))).toEqual(new Set(['::1']));
    expect(await canary(seen, localIo())).toEqual([]);
  });

  it('hosts with two addresses each: a host is lost with two of three masters; with one', async () => {
    const address = (index: number): string => `127.0.0.${index + 1}`;
    const settings = (index: number): string[] => [
      ...['--bind', '127.0.0.1', ...(index === 0 ? [] : [address(index)])],
      ...['--cluster-announce-ip', address(index)],
    ];
    const hosts = ['h1', 'h1', 'h2', 'h2', 'h3', 'h3'];
    const open = declared(ports, {}, hosts);
    const cluster = { ...open, nodes: open.nodes.map((node, index) => ({ ...node, address: address(index) })) };
    const mastersOn = (seen: readonly SeenNode[]): (string | undefined)[] =>
      observedShards(seen)
        .map(({ master }) => seen[master]?.node.host)
        .sort();
    await startAll(settings);
    const theirs = await redisCli(['create', ...cluster.nodes.map(({ address: at, port }) => `${at}:${port}`), ...yes]);
    expect(theirs.exit).toBe(0);
    expect(mastersOn((await observeAll(cluster, localIo())) as SeenNode[])).toEqual(['h1', 'h1', 'h2']);
    await servers.stopAll();
    await startAll(settings);
    expect(mastersOn(await ours(cluster))).toEqual(['h1', 'h2', 'h3']);
  });
});
