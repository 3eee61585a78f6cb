import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/errors/errors.ts';
import { canary } from '../../src/redis/cluster/canary.ts';
import { form } from '../../src/redis/cluster/form.ts';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { ask, command, declared, localIo, Servers, until } from './servers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiled = `${root}node_modules/.cache/rcdeploy-form`;
const servers = new Servers();
afterEach(async () => await servers.stopAll());

async function start(ports: readonly number[], settings: readonly string[] = []): Promise<void> {
  await Promise.all(ports.map(async (port) => await servers.start(port, settings)));
}

async function formed(cluster: DeclaredCluster, stallMs = 15_000) {
  const io = localIo();
  const { views, steps } = await form(cluster, await observeAll(cluster, io), io, { stallMs });
  return { views, steps, seen: views.filter((view) => view.seen), io };
}

async function expectVerified(cluster: DeclaredCluster): Promise<void> {
  const views = await observeAll(cluster, localIo());
  expect(verify(cluster, views, { placement: true })).toEqual([]);
  expect(planCluster(cluster, views).steps).toEqual([]);
  expect(
    await canary(
      views.filter((view) => view.seen),
      localIo(),
    ),
  ).toEqual([]);
}

const six = [17301, 17302, 17303, 17304, 17305, 17306];

describe('forming a cluster of real servers', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', root, '--outDir', compiled]);
    mkdirSync(compiled, { recursive: true });
    writeFileSync(`${compiled}/package.json`, '{"type":"module"}');
  });

  it('forms six nodes in little more than the two seconds that the servers take', async () => {
    await start(six);
    const cluster = declared(six);
    const began = performance.now();
    await formed(cluster);
    expect(performance.now() - began).toBeLessThan(10_000);
    await expectVerified(cluster);
    const leftovers = await Promise.all(
      six.map(async (port) => await command(port, ['CONFIG', 'GET', 'repl-diskless-sync-delay'])),
    );
    expect(new Set(leftovers.map(String))).toEqual(new Set(['repl-diskless-sync-delay,5']));
    // A replica learns of the canary's removal a moment later.
    const keys = () => Promise.all(six.map(async (port) => await command(port, ['DBSIZE'])));
    await expect.poll(keys, { timeout: 5000 }).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('works with a password on every path', async () => {
    await start(six, ['--requirepass', 'p w', '--masterauth', 'p w']);
    const open = declared(six);
    const cluster = { ...open, nodes: open.nodes.map((node) => ({ ...node, auth: { password: 'p w' } })) };
    await formed(cluster);
    await expectVerified(cluster);
    const without = await observeAll(open, localIo());
    expect(planCluster(open, without).refusals[0]).toContain('refuses the login: NOAUTH');
  });

  it('works when nodes speak only TLS, on the bus and for replication too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-tls-'));
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=node', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...subject,
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', request, { stdio: 'ignore' });
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    const tls = { ca: readFileSync(cert, 'utf8'), cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    const everywhere = ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
    await Promise.all(
      six.map(async (port) => {
        const ports = ['--tls-port', String(port), '--port', String(port + 1000)];
        await servers.start(port + 1000, [...ports, ...files, ...everywhere]);
      }),
    );
    const plain = declared(six);
    const cluster = { ...plain, nodes: plain.nodes.map((node) => ({ ...node, tls })) };
    await formed(cluster);
    await expectVerified(cluster);
    rmSync(directory, { recursive: true });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('goes on after kill -9, case %i', async (seed) => {
    await start(six);
    const cluster = declared(six);
    for (let kill = 0; kill < 2; kill += 1) {
      // A simple generator, so that every case is the same each time: moments from 0 to 2.3 s after the first command.
      const moment = ((seed * 7919 + kill * 104729) % 2300) * (seed % 2 === 0 ? 1 : 0.1);
      const child = spawn(process.execPath, [`${root}test/redis/form-child.mjs`, compiled, JSON.stringify(cluster)]);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const started = await Promise.race([ended, new Promise((resolve) => child.stdout.once('data', resolve))]);
      expect(String(started)).toBe('started\n');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, moment))]);
      child.kill('SIGKILL');
      await ended;
    }
    const { seen } = await formed(cluster);
    await expectVerified(cluster);
    const shards = observedShards(seen).map(({ master, replicas }) => [
      seen[master]?.node.port,
      ...replicas.map((at) => seen[at]?.node.port),
    ]);
    expect(shards).toEqual([
      [17301, 17304],
      [17302, 17305],
      [17303, 17306],
    ]);
  });

  it.each([3, 11, 17])('looks again when the outcome of a command is lost, case %i', async (seed) => {
    await start(six);
    const cluster = declared(six);
    let lost = 0;
    let count = seed;
    const io = localIo({
      query: async (query) => {
        count += 1;
        const changes = query.commands.some(
          ([name, verb]) => name === 'CLUSTER' && verb !== 'NODES' && verb !== 'INFO',
        );
        const cut = changes && lost < 6 && (count * 7919) % 3 === 0;
        if (!cut) return await ask(query);
        lost += 1;
        if (lost % 2 === 0) await ask(query);
        return { ok: false, kind: 'lost', message: 'the connection was cut' };
      },
    });
    const { views } = await form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 });
    expect(lost).toBeGreaterThan(0);
    expect(verify(cluster, views, { placement: true })).toEqual([]);
    await expectVerified(cluster);
  });

  it('refuses a node of another cluster and sends nothing to anyone', async () => {
    const foreign = [17311, 17312, 17313];
    await start([...six, ...foreign]);
    await formed(declared(foreign, { replicas: 0 }));
    await command(17311, ['CLUSTER', 'SLOTS']);
    const cluster = declared([...six.slice(0, 5), 17313]);
    const before = await writesSeen([...six, ...foreign]);
    await expect(formed(cluster)).rejects.toThrow(
      /nothing was changed: h6:17313 .* knows 127\.0\.0\.1:17311 .*another cluster/,
    );
    expect(await writesSeen([...six, ...foreign])).toEqual(before);
  });

  it('refuses nodes that hold keys, all of them named', async () => {
    await start(six);
    await command(17302, ['CLUSTER', 'ADDSLOTS', '12182']);
    await until(
      async () => String(await command(17302, ['CONFIG', 'SET', 'cluster-require-full-coverage', 'no'])) === 'OK',
      'CONFIG SET',
    );
    await until(async () => (await command(17302, ['SET', 'foo', 'bar'])) === 'OK', 'the lone node to take a write');
    const before = await writesSeen(six);
    await expect(formed(declared(six))).rejects.toThrow(/h2:17302 .* holds 1 keys/);
    expect(await writesSeen(six)).toEqual(before);
    expect(await command(17302, ['GET', 'foo'])).toBe('bar');
  });

  it('names the bus port that does not answer', async () => {
    await start(six.slice(0, 5));
    await servers.start(17306, ['--cluster-announce-bus-port', '27999', '--cluster-announce-ip', '127.0.0.1']);
    await expect(formed(declared(six), 4000)).rejects.toThrow(
      /did not come together.*from h1:17301 \(127\.0\.0\.1:17301\), h2:17302.* to h6:17306 \(127\.0\.0\.1:17306\): bus port 27999 does not answer \(.*ECONNREFUSED/,
    );
    const timeouts = await Promise.all(
      six.map(async (port) => String(await command(port, ['CONFIG', 'GET', 'cluster-node-timeout']))),
    );
    expect(new Set(timeouts)).toEqual(new Set(['cluster-node-timeout,5000']));
  });

  it('names a node that falls silent meanwhile, and restores the others', async () => {
    await start(six);
    const cluster = declared(six);
    let queries = 0;
    const io = localIo({
      query: async (query) => {
        queries += 1;
        if (queries === 20) servers.pause(17304);
        return await ask({ ...query, timeoutMs: 1000 });
      },
    });
    const views = await observeAll(cluster, io);
    await expect(form(cluster, views, io, { stallMs: 3000 })).rejects.toThrow(
      /h4:17304 \(127\.0\.0\.1:17304\) does not answer/,
    );
    servers.resume(17304);
    await formed(cluster);
    await expectVerified(cluster);
  });

  it('stops when interrupted, leaves nothing temporary, and goes on later', async () => {
    await start(six);
    const cluster = declared(six);
    const io = localIo({
      sleep: async () => {
        throw new InterruptedError('interrupted');
      },
    });
    await expect(form(cluster, await observeAll(cluster, io), io, { stallMs: 15_000 })).rejects.toThrow(
      InterruptedError,
    );
    const views = await observeAll(cluster, localIo());
    expect(views.map((view) => view.seen && [view.nodeTimeoutMs, view.disklessDelay].join())).toEqual(
      six.map(() => '5000,5'),
    );
    await formed(cluster);
    await expectVerified(cluster);
  });

  it('names a replica that died', async () => {
    await start(six);
    const cluster = declared(six);
    await formed(cluster);
    await servers.kill(17305);
    const findings = verify(cluster, await observeAll(cluster, localIo()), { placement: true }).map(
      ({ message }) => message,
    );
    expect(findings).toContain('h5:17305 (127.0.0.1:17305) refuses connections: nothing listens on the port');
    expect(findings).toContain('h2:17302 (127.0.0.1:17302) has 0 replicas, declared are 1');
    await expect(formed(cluster)).rejects.toThrow(/nothing was changed: h5:17305/);
    await servers.start(17305);
    await formed(cluster);
    await expectVerified(cluster);
  });

  it('joins new nodes to a cluster with keys', async () => {
    await start([...six, 17307, 17308]);
    await formed(declared(six));
    await command(17303, ['SET', 'foo', 'kept']);
    const ports = [...six, 17307, 17308];
    const { seen } = await formed(declared(ports));
    expect(observedShards(seen)).toHaveLength(4);
    expect(await command(17303, ['GET', 'foo'])).toBe('kept');
    await expectVerified(declared(ports));
  });
});

/** How often each node was sent a command that forms clusters or sets something. */
async function writesSeen(ports: readonly number[]): Promise<string[]> {
  const stats = await Promise.all(ports.map(async (port) => String(await command(port, ['INFO', 'commandstats']))));
  return stats.map((text, index) => {
    const lines = text
      .split(/\r?\n/)
      .filter((line) => /cluster\|(meet|addslots|replicate|set-config|reset)|config\|set|flush|:(set|del)/i.test(line));
    return `${ports[index]}: ${lines.map((line) => line.replace(/,usec.*/, '')).join(' ')}`;
  });
}
