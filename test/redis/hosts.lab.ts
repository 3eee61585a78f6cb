import { copyFileSync, realpathSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { canary } from '../../src/redis/cluster/canary.ts';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { queryNode } from '../../src/redis/node/client.ts';
import { type ClusterIo, observeAll } from '../../src/redis/node/cluster-io.ts';
import { connect } from '../../src/transport/connect.ts';
import type { Connection } from '../../src/transport/contract.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { localIo, until } from './servers.ts';

/** Nodes on hosts of their own that only sshd can be reached on: everything goes through SSH channels. */
describeLab('forming a cluster over SSH', () => {
  let lab: Lab;
  let cluster: DeclaredCluster;
  let io: ClusterIo;
  const connections = new Map<string, Connection>();

  beforeAll(async () => {
    lab = await labUp({ name: `cluster-${process.pid}`, hosts: 6, zones: 3 });
    for (const { name, address, pid } of lab.hosts) {
      connections.set(name, await login(name, address));
      copyFileSync(realpathSync('/usr/bin/redis-server'), `/proc/${pid}/root/usr/local/bin/redis-server`);
    }
    const nodes = lab.hosts.map(({ name, address, zone }) => ({ host: name, address, port: 6379, zone }));
    cluster = { name: 'main', nodes, replicas: 1, placement: 'zones', nodeTimeoutMs: 5000, allow: [] };
    io = localIo({
      query: async (query) => await queryNode(async () => await connection(query.via).openStream(query), query),
    });
  });
  afterAll(async () => {
    await Promise.all([...connections.values()].map(async (open) => await open.close()));
    await lab.down();
  });
  afterEach(async () => {
    await Promise.all(
      lab.hosts.map(async (host) => {
        await host.undrop();
        await stopNode(host.name);
        await host.exec('rm -rf /srv/redis');
      }),
    );
  });

  /** SHUTDOWN has no reply: the connection's end is its success. */
  async function stopNode(host: string): Promise<void> {
    const node = cluster.nodes.find((declared) => declared.host === host);
    if (node) await io.query({ via: host, ...node, commands: [['SHUTDOWN', 'NOSAVE']] });
  }

  async function login(name: string, address: string): Promise<Connection> {
    const target = {
      name,
      connection: 'ssh' as const,
      address,
      port: undefined,
      user: 'root',
      password: undefined,
      privateKeyFile: lab.keyFile,
      sshOptions: { UserKnownHostsFile: lab.knownHostsFile, HostKeyAlias: name },
      acceptNewHostKeys: false,
      connectTimeoutMs: 10_000,
      agentSocket: undefined,
    };
    return await connect(target, new AbortController().signal);
  }

  function connection(host: string): Connection {
    const open = connections.get(host);
    if (!open) throw new Error(`no connection to ${host}`);
    return open;
  }

  async function startNodes(): Promise<void> {
    await Promise.all(
      lab.hosts.map(async (host) => {
        const settings =
          '--cluster-enabled yes --cluster-node-timeout 5000 --protected-mode no --save "" --dir /srv/redis';
        const script = `mkdir -p /srv/redis && redis-server --bind ${host.address} --daemonize yes ${settings}`;
        const started = await host.exec(script);
        if (started.rc !== 0) throw new Error(`${host.name}: ${started.stdout}${started.stderr}`);
        await until(
          async () => (await observeAll(cluster, io)).some((view) => view.seen && view.node.host === host.name),
          host.name,
        );
      }),
    );
  }

  it('separates shards by host and zone', async () => {
    await startNodes();
    const began = performance.now();
    const { views } = await form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 });
    expect(performance.now() - began).toBeLessThan(6000);
    expect(verify(cluster, views, { placement: true })).toEqual([]);
    const seen = views.filter((view) => view.seen);
    for (const { master, replicas } of observedShards(seen)) {
      for (const replica of replicas) expect(seen[replica]?.node.zone).not.toBe(seen[master]?.node.zone);
    }
    expect(await canary(seen, io)).toEqual([]);
  });

  it('names the host whose bus port is dropped by a firewall, and goes on once it is open', async () => {
    await startNodes();
    const last = lab.host('h6');
    await last.drop({ port: 16379 });
    await expect(form(cluster, await observeAll(cluster, io), io, { stallMs: 4000 })).rejects.toThrow(
      new RegExp(
        `from h1:6379 .* to h6:6379 \\(${last.address}:6379\\): bus port 16379 does not answer \\(no answer within`,
      ),
    );
    await last.undrop();
    const { views } = await form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 });
    expect(verify(cluster, views, { placement: true })).toEqual([]);
  });

  it('goes on when the host behind the firewall already counts as part of the cluster', async () => {
    await startNodes();
    const masters = { ...cluster, replicas: 0 };
    const second = lab.host('h2');
    await second.drop({ port: 16379 });
    await expect(form(masters, await observeAll(masters, io), io, { stallMs: 7000 })).rejects.toThrow(/to h2:6379/);
    const [, view] = await observeAll(masters, io);
    expect(view?.seen && view.stateOk).toBe(true);
    await second.undrop();
    const { views } = await form(masters, await observeAll(masters, io), io, { stallMs: 15_000 });
    expect(verify(masters, views, { placement: true })).toEqual([]);
  });

  it('names the client port that keeps a replica from its master', async () => {
    await startNodes();
    const second = lab.host('h2');
    await second.exec(`nft -f - <<'EOF'
table inet closed { chain in { type filter hook input priority 0; iifname "eth0" tcp dport 6379 drop; }; }
EOF`);
    const failing = form(cluster, await observeAll(cluster, io), io, { stallMs: 5000 });
    await expect(failing).rejects.toThrow(/from h\d:6379 .* to h2:6379 .*: client port 6379 does not answer/);
    await second.exec('nft delete table inet closed');
    const { views } = await form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 });
    expect(verify(cluster, views, { placement: true })).toEqual([]);
  });

  it('refuses to begin with a host that is off', async () => {
    await startNodes();
    await stopNode('h3');
    await expect(form(cluster, await observeAll(cluster, io), io, { stallMs: 4000 })).rejects.toThrow(
      /nothing was changed: h3:6379 \(.*\) refuses connections/,
    );
    const views = await observeAll(cluster, io);
    expect(views.map((view) => view.seen && view.others.length)).toEqual([0, 0, false, 0, 0, 0]);
  });
});
