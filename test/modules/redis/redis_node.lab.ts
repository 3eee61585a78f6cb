import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisBuild } from '../../../src/modules/redis_build.ts';
import { redisConfig } from '../../../src/modules/redis_config.ts';
import { redisServer } from '../../../src/modules/redis_server.ts';
import { queryNode } from '../../../src/redis/node/client.ts';
import { LocalHost, openStream, sh } from './local-host.ts';

const base = mkdtempSync('/tmp/rcdeploy-node-test.');
const prefix = `${base}/redis`;
const port = 21000;
const dir = `${base}/${port}`;
const path = `${dir}/redis.conf`;
const host = new LocalHost(`${homedir()}/.cache/rcdeploy`);

const settings = {
  bind: '127.0.0.1',
  dir,
  logfile: `${dir}/redis.log`,
  pidfile: `${dir}/redis.pid`,
  'cluster-enabled': true,
  'cluster-config-file': 'nodes.conf',
  'cluster-node-timeout': 5000,
  appendonly: true,
};
const config = (more: object = {}, at = { path, port }) => ({
  ...at,
  prefix,
  settings: { ...settings, ...more },
  settings_if_known: {},
  flavor: 'redis',
  mode: '0640',
});
const server = (more: object = {}) => ({
  port,
  config: path,
  state: 'started',
  supervisor: 'daemonize',
  prefix,
  address: '127.0.0.1',
  open_files: 10240,
  timeout: 20,
  ...more,
});
const ask = async (...commands: string[][]) => {
  const answer = await queryNode(() => openStream({ address: '127.0.0.1', port }), {
    via: 'here',
    address: '127.0.0.1',
    port,
    commands,
  });
  return answer.ok ? answer.replies : answer;
};
const runId = async () => /run_id:(\w+)/.exec(String(((await ask(['INFO', 'server'])) as unknown[])[0]))?.[1];

beforeAll(async () => {
  mkdirSync(dir);
  await host.run(redisBuild, {
    flavor: 'redis',
    method: 'source',
    source: 'apt-source',
    prefix,
    bin_dir: '/usr/bin',
    make_args: {},
    build_deps: 'present',
    jobs: 0,
    refresh: false,
  });
  expect((await host.run(redisConfig, config())).changed).toBe(true);
});
afterAll(async () => {
  await host.run(redisServer, server({ state: 'stopped' }));
  rmSync(base, { recursive: true, force: true });
});

test('a node starts, is ours and ready, and a second run changes nothing', async () => {
  const first = await host.run(redisServer, server());
  expect(first).toMatchObject({ changed: true, supervisor: 'daemonize', version: '7.0.15' });
  const id = await runId();
  expect(await host.run(redisServer, server())).toMatchObject({ changed: false });
  const inode = statSync(path).ino;
  expect(await host.run(redisConfig, config())).toMatchObject({ changed: false, running: true, restart_needed: false });
  expect(statSync(path).ino).toBe(inode);
  expect(await runId()).toBe(id);
});

test('the started process has a session of its own and belongs to no shell', async () => {
  const pid = readFileSync(`${dir}/redis.pid`, 'utf8').trim();
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  expect(fields[3]).toBe(pid);
});

test('what CONFIG SET can change is changed live and in the file, without a restart', async () => {
  const id = await runId();
  const { plan } = await host.plan(redisConfig, config({ maxmemory: '64mb' }), true);
  expect(plan.changes.map((change) => change.what)).toEqual([`127.0.0.1:${port} maxmemory`, path]);
  expect(await host.run(redisConfig, config({ maxmemory: '64mb' }))).toMatchObject({
    changed: true,
    restart_needed: false,
  });
  expect(await ask(['CONFIG', 'GET', 'maxmemory'])).toEqual([['maxmemory', String(64 * 1024 * 1024)]]);
  expect(readFileSync(path, 'utf8')).toContain('maxmemory 64mb');
  expect((await host.run(redisConfig, config({ maxmemory: '64mb' }))).changed).toBe(false);
  expect(await runId()).toBe(id);
});

test('a directive that is no longer declared goes back to its default, live too', async () => {
  expect((await host.run(redisConfig, config())).changed).toBe(true);
  expect(await ask(['CONFIG', 'GET', 'maxmemory'])).toEqual([['maxmemory', '0']]);
});

test('what was set at run time and is not declared is told and left alone', async () => {
  await ask(['CONFIG', 'SET', 'slowlog-max-len', '77']);
  const { plan } = await host.plan(redisConfig, config());
  expect(plan.changes).toEqual([]);
  expect(plan.warnings?.join()).toContain('slowlog-max-len 77');
  await ask(['CONFIG', 'REWRITE']);
  const rewritten = await host.plan(redisConfig, config());
  // Redis writes the file anew with its own umask: only the mode is put right.
  expect(rewritten.plan.changes.map((change) => change.what)).toEqual([`${path} mode`]);
  expect(rewritten.plan.warnings?.join()).toContain('kept what Redis wrote');
  expect((await host.run(redisConfig, config({ hz: 11 }))).changed).toBe(true);
  expect(readFileSync(path, 'utf8')).toContain('slowlog-max-len 77');
  expect((await host.run(redisConfig, config({ hz: 11 }))).changed).toBe(false);
});

test('a change that needs a restart is refused on a live cluster node, before anything is written', async () => {
  await ask(['CLUSTER', 'ADDSLOTS', '1']);
  const before = readFileSync(path, 'utf8');
  const result = await host.run(redisConfig, config({ databases: 1, hz: 12 }));
  expect(result.msg).toContain('databases (16 → 1)');
  expect(result.msg).toContain('with rolling: true the file is written');
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(await ask(['CONFIG', 'GET', 'hz'])).toEqual([['hz', '11']]);
});

test('an unknown directive is refused with a suggestion', async () => {
  const result = await host.run(redisConfig, config({ 'maxmemory-polici': 'noeviction' }));
  expect(result).toMatchObject({ failed: true });
  expect(result.msg).toContain('did you mean maxmemory-policy?');
});

test('a node of another configuration file on the same port is named and left alone', async () => {
  const other = { path: `${base}/other.conf`, port };
  expect((await host.run(redisConfig, config({}, other))).msg).toContain(`served by another Redis (pid`);
  expect((await host.run(redisServer, server({ config: other.path, state: 'stopped' }))).msg).toContain(path);
});

test('a node stops by itself and starts again with its data', async () => {
  const id = await runId();
  expect(await host.run(redisServer, server({ state: 'stopped' }))).toMatchObject({ changed: true });
  expect(await ask(['PING'])).toMatchObject({ ok: false, kind: 'refused' });
  expect(await host.run(redisServer, server({ state: 'stopped' }))).toMatchObject({ changed: false });
  expect(await host.run(redisServer, server())).toMatchObject({ changed: true });
  expect(await runId()).not.toBe(id);
  expect(String(await ask(['CLUSTER', 'INFO']))).toContain('cluster_slots_assigned:1');
});

test('a taken port and a taken bus port are named with their process', async () => {
  await host.run(redisServer, server({ state: 'stopped' }));
  for (const taken of [port, port + 10000]) {
    const listener = await listen(taken);
    const result = await host.run(redisServer, server()).catch((error: Error) => ({ msg: error.message }));
    expect(result.msg).toContain(`port ${taken} by pid ${process.pid} (`);
    await new Promise((resolve) => listener.close(resolve));
  }
});

test('a process that idles where nobody can reach it is an error, not an endless wait', async () => {
  await host.run(redisServer, server({ state: 'stopped' }));
  await host.run(redisConfig, config({ hz: 500 }));
  await expect(host.run(redisServer, server({ address: '127.0.0.9', timeout: 3 }))).rejects.toThrow(
    /was started \(pid \d+\) but made no progress for 3 s: not listening yet/,
  );
  await host.run(redisServer, server({ state: 'stopped' }));
  await host.run(redisConfig, config());
});

test('a process that ends while it starts is an error with the end of its log', async () => {
  const nodes = `${dir}/nodes.conf`;
  const whole = readFileSync(nodes);
  writeFileSync(nodes, 'this is no cluster configuration\n');
  await expect(host.run(redisServer, server())).rejects.toThrow(/ended at once[\s\S]*[Uu]nrecoverable|corrupted/);
  writeFileSync(nodes, whole);
  expect((await host.run(redisServer, server())).changed).toBe(true);
});

test('appendonly goes on through a finished rewrite', async () => {
  await host.run(redisServer, server({ state: 'stopped' }));
  await host.run(redisConfig, config({ appendonly: false, 'cluster-enabled': false }));
  await host.run(redisServer, server());
  await ask(['SET', 'kept', 'yes']);
  expect(await host.run(redisConfig, config({ appendonly: true, 'cluster-enabled': false }))).toMatchObject({
    changed: true,
  });
  await ask(['SHUTDOWN', 'NOSAVE']);
  await host.run(redisServer, server());
  expect(await ask(['GET', 'kept'])).toEqual(['yes']);
});

const plain = { 'cluster-enabled': false, appendonly: false, save: '' };

test('a node that is about to write its first append-only file is waited for, and stops', async () => {
  await host.run(redisServer, server({ state: 'stopped' }));
  await host.run(redisConfig, config(plain));
  await host.run(redisServer, server());
  await ask(['MSET', ...Array.from({ length: 200 }, (_, index) => [`key:${index}`, 'value']).flat()]);
  await ask(['CONFIG', 'SET', 'rdb-key-save-delay', '5000'], ['CONFIG', 'SET', 'appendonly', 'yes']);
  expect(await ask(['SHUTDOWN'])).toMatchObject([{ error: expect.stringContaining('Errors trying to SHUTDOWN') }]);
  expect(await host.run(redisServer, server({ state: 'stopped' }))).toMatchObject({ changed: true });
});

test('a first append-only file for which there is no room is an error, not an endless wait', async () => {
  const small = `${base}/small`;
  mkdirSync(small);
  await sh(`mount -t tmpfs -o size=1m tmpfs ${small}`);
  const at = { path: `${base}/small.conf`, port };
  const little = { ...plain, dir: small };
  try {
    await host.run(redisConfig, config(little, at));
    await host.run(redisServer, server({ config: at.path }));
    await ask(['SET', 'large', randomBytes(1_500_000).toString('latin1')]);
    await expect(host.run(redisConfig, config({ ...little, appendonly: true }, at))).rejects.toThrow(
      'the first append-only file could not be written',
    );
    expect(readFileSync(at.path, 'utf8')).toContain('appendonly no');
  } finally {
    await sh(`pid=$(cat ${dir}/redis.pid) && kill -9 $pid && while [ -e /proc/$pid ]; do sleep 0.1; done
      umount ${small}`);
  }
});

test('a value cannot add a directive, and secrets are in no diff', async () => {
  const { plan } = await host.plan(redisConfig, {
    ...config({ 'cluster-enabled': false, 'proc-title-template': 'a\nport 1' }),
    masterauth: 'x y"z\n#secret',
  });
  const shown = JSON.stringify(plan.changes);
  expect(shown).not.toContain('#secret');
  expect(shown).toContain('proc-title-template \\"a\\\\x0aport 1\\"');
});

function listen(at: number): Promise<Server> {
  return new Promise((resolve) => {
    const listener = createServer((socket) => socket.destroy()).listen(at, '127.0.0.1', () => resolve(listener));
  });
}

test('nothing is left in the directories of the node but what Redis writes', async () => {
  const { stdout } = await sh(`ls -A ${dir}`);
  expect(stdout).not.toContain('.start.');
  expect(stdout).not.toContain('.rcdeploy-');
});
