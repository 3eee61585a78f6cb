import { afterEach, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { describeBeside, redisCli } from './redis-cli.ts';

const ports = [21351, 21352, 21353, 21354, 21355, 21356];
const endpoints = ports.map((port) => `127.0.0.1:${port}`);
const create = ['create', ...endpoints, '--cluster-replicas', '1'];
/** Where nothing listens: the bus port of a node behind a firewall. */
const CLOSED = 21399;

describeBeside('create, by redis-cli and by us', () => {
  const servers = new Servers();
  afterEach(() => servers.stopAll());

  const ours = async (cluster: DeclaredCluster, stallMs = 3000) =>
    await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs });
  const findings = async (cluster: DeclaredCluster, placement = true) =>
    verify(cluster, await observeAll(cluster, localIo()), { placement });
  const withPassword = (password: string): DeclaredCluster => {
    const open = declared(ports);
    return { ...open, nodes: open.nodes.map((node) => ({ ...node, auth: { password } })) };
  };

  it('a bus port that does not answer: waits for ever; ends and names the port. Then: "not empty"; goes on', async () => {
    const [blocked = 0, ...others] = ports;
    await servers.start(blocked, ['--cluster-announce-bus-port', String(CLOSED)]);
    await Promise.all(others.map((port) => servers.start(port)));
    const theirs = await redisCli([...create, '--cluster-yes'], 5000);
    expect(theirs.exit).toBeUndefined();
    expect(theirs.text).toMatch(/Waiting for the cluster to join\n\.+/);
    await expect(ours(declared(ports))).rejects.toThrow(
      /did not come together within 3 s without progress: .*to h1:21351 \(127\.0\.0\.1:21351\): bus port 21399 does not answer/,
    );
    // Its second try meets what its first one left.
    await command(blocked, ['CONFIG', 'SET', 'cluster-announce-bus-port', '0']);
    const again = await redisCli([...create, '--cluster-yes']);
    expect(again.exit).toBe(1);
    expect(again.text).toMatch(/\[ERR\] Node 127\.0\.0\.1:21351 is not empty/);
    await ours(declared(ports), 15_000);
    expect(await findings(declared(ports))).toEqual([]);
  });

  it('a replica that cannot attach: exit 0; fails and names it', async () => {
    const password = 'secret-word';
    const last = ports.at(-1) ?? 0;
    for (const port of ports) {
      await servers.start(port, ['--requirepass', password, '--masterauth', port === last ? 'another' : password]);
    }
    const theirs = await redisCli([...create, '--cluster-yes', '-a', password]);
    expect(theirs.exit).toBe(0);
    expect(theirs.text).toMatch(/\[OK\] All 16384 slots covered\.\s*$/);
    await expect(ours(withPassword(password))).rejects.toThrow(
      /did not settle: .*h6:21356 \(127\.0\.0\.1:21356\) has no replication link to its master h\d:\d+/,
    );
  });

  it('"no" to its question: exit 0 with nothing done; what is not a cluster does not count as one', async () => {
    await Promise.all(ports.map((port) => servers.start(port)));
    const theirs = await redisCli(create, 10_000, 'no\n');
    expect(theirs.exit).toBe(0);
    expect(await command(ports[0] ?? 0, ['CLUSTER', 'INFO'])).toContain('cluster_state:fail');
    const messages = (await findings(declared(ports))).map(({ message }) => message);
    expect(messages).toContain('16384 of 16384 slots have no owner: 0-16383');
  });

  it('two hosts of three masters in one zone: puts them there; spreads them where a zone may be lost', async () => {
    const address = (index: number): string => `127.0.0.${index + 1}`;
    const ownAddress = (index: number): string[] => [
      ...['--bind', '127.0.0.1', ...(index === 0 ? [] : [address(index)])],
      ...['--cluster-announce-ip', address(index)],
    ];
    const startAll = () => Promise.all(ports.map((port, index) => servers.start(port, ownAddress(index))));
    await startAll();
    const open = declared(ports);
    const zones = ['z1', 'z1', 'z2', 'z2', 'z3', 'z3'];
    const nodes = open.nodes.map((node, index) => ({ ...node, address: address(index), zone: zones[index] }));
    const cluster = { ...open, nodes };
    const theirs = await redisCli([
      'create',
      ...nodes.map((node) => `${node.address}:${node.port}`),
      '--cluster-replicas',
      '1',
      '--cluster-yes',
    ]);
    expect(theirs.exit).toBe(0);
    const mastersIn = async (): Promise<(string | undefined)[]> => {
      const seen = (await observeAll(cluster, localIo())) as SeenNode[];
      return observedShards(seen)
        .map(({ master }) => seen[master]?.node.zone)
        .sort();
    };
    expect(await mastersIn()).toEqual(['z1', 'z1', 'z2']);
    await servers.stopAll();
    await startAll();
    await ours(cluster, 15_000);
    expect(await mastersIn()).toEqual(['z1', 'z2', 'z3']);
    await until(async () => (await findings(cluster)).length === 0, 'a cluster as declared');
  });
});
