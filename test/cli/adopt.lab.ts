import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { rcdeploy as built, failures } from '../main-job/rcdeploy.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { rcdeploy } from './program.ts';

const ports = [21371, 21372, 21373, 21374, 21375, 21376];
const name = 'built-by-hand';
const password = 'set-at-run-time';
const servers = new Servers();
const base = mkdtempSync('/tmp/rcdeploy-adopt-test.');
const inventory = join(base, 'site');
const secret = join(base, 'secret.json');

const tell = (port: number, ...words: string[]) => command(port, words, { password });
const adopt = (to = inventory) =>
  rcdeploy('cluster', 'adopt', '127.0.0.1:21371', '--name', name, '--to', to, '-e', `@${secret}`);
const runIds = () =>
  Promise.all(ports.map(async (port) => /run_id:\w+/.exec(String(await tell(port, 'INFO', 'server')))?.[0]));

/** Somebody else's ways: no unit, odd file names, a command less, a time-out of their own, a password from a prompt. */
beforeAll(async () => {
  writeFileSync(secret, JSON.stringify({ redis_password: password }), { mode: 0o600 });
  const odd = [
    '--rename-command',
    'FLUSHALL',
    '',
    '--cluster-node-timeout',
    '3000',
    '--pidfile',
    join(base, 'odd.pid'),
  ];
  await Promise.all(ports.map((port) => servers.start(port, odd)));
  const cluster = declared(
    ports,
    { nodeTimeoutMs: 3000 },
    ports.map(() => 'here'),
  );
  await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 20_000 });
  for (const port of ports) await command(port, ['CONFIG', 'SET', 'masterauth', password]);
  for (const port of ports) await command(port, ['CONFIG', 'SET', 'requirepass', password]);
});
afterAll(async () => {
  await servers.stopAll();
  rmSync(base, { recursive: true, force: true });
  const records = '/var/lib/rcdeploy/clusters';
  for (const file of existsSync(records) ? readdirSync(records) : []) {
    if (readFileSync(join(records, file), 'utf8').includes(`"${name}"`)) rmSync(join(records, file));
  }
});

describe('rcdeploy cluster adopt', () => {
  it('takes nothing over while something is wrong, and says what', async () => {
    await tell(21373, 'CLUSTER', 'SETSLOT', '16383', 'MIGRATING', String(await tell(21371, 'CLUSTER', 'MYID')));
    const refused = await adopt();
    expect(refused).toMatchObject({ exit: 2, err: expect.stringContaining('is giving slots away: 16383') });
    expect(existsSync(inventory)).toBe(false);
    await tell(21373, 'CLUSTER', 'SETSLOT', '16383', 'STABLE');
    await until(async () => String(await tell(21371, 'CLUSTER', 'INFO')).includes('cluster_state:ok'), 'ok');
  });

  it('writes an inventory without a secret, on which plan and run change nothing and restart nothing', async () => {
    const before = await runIds();
    const settings = await tell(21371, 'CONFIG', 'GET', '*');
    const adopted = await adopt();
    expect(adopted.exit, adopted.err + adopted.out).toBe(0);
    const files = ['hosts.yml', 'group_vars/redis.yml'].map((file) => readFileSync(join(inventory, file), 'utf8'));
    expect(files.join()).not.toContain(password);
    expect(files.join()).toMatch(/redis_node_timeout: 3000[\s\S]*redis_install: existing/);
    const cluster = ['playbooks/cluster.yml', '-i', inventory, '-e', `@${secret}`];
    const planned = await built('plan', ...cluster, '--detailed-exitcode');
    expect(planned.exit, failures(planned)).toBe(0);
    const run = await built('run', ...cluster);
    expect(run.exit, failures(run)).toBe(0);
    expect(Object.values(run.end?.stats ?? {}).map(({ changed }) => changed)).toEqual([0]);
    expect(await runIds()).toEqual(before);
    expect(await tell(21371, 'CONFIG', 'GET', '*')).toEqual(settings);
    const checked = await rcdeploy('cluster', 'check', '-i', inventory, '-e', `@${secret}`);
    expect(checked.exit, checked.out).toBe(0);
  });

  it('overwrites no inventory, and lets nobody stop what it does not manage', async () => {
    expect(await adopt()).toMatchObject({ exit: 1, err: expect.stringContaining('is there already') });
    const stop = await built('run', 'playbooks/stop.yml', '-i', inventory, '-e', `@${secret}`);
    expect(stop.exit).toBe(2);
    const settings = ['-e', '{"redis_config": {"maxmemory": "1gb"}}'];
    const ignored = await built('run', 'playbooks/cluster.yml', '-i', inventory, '-e', `@${secret}`, ...settings);
    expect(failures(ignored)).toContain('redis_config is set for adopted hosts');
    expect(await tell(21371, 'PING')).toBe('PONG');
  });
});
