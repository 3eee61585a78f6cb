import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../..', import.meta.url));
const base = mkdtempSync('/tmp/rcdeploy-local-test.');
// Their bus ports stay below the range that outgoing connections take theirs from.
const ports = [21100, 21101, 21102, 21103, 21104, 21105];
const inventory = `${base}/hosts.yml`;

interface Outcome {
  readonly exit: number;
  readonly text: string;
  readonly failures: readonly string[];
  readonly changed: number;
}

async function playbook(name: string, ...more: string[]): Promise<Outcome> {
  const words = [
    `${top}dist/cli/main.js`,
    'run',
    `${top}playbooks/${name}.yml`,
    '-i',
    inventory,
    '--output',
    'json',
    ...more,
  ];
  const { stdout, code } = await run(process.execPath, words, { maxBuffer: 1e8 }).then(
    (done) => ({ ...done, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failures = events.filter(({ status }) => status === 'failed').map(({ result }) => String(result.msg));
  return { exit: code, failures, text: stdout, changed: events.at(-1)?.stats?.local?.changed };
}

async function cli(...words: string[]): Promise<string> {
  return (await run(`${base}/redis/current/bin/redis-cli`, ['--no-raw', '-c', '-p', String(ports[0]), ...words]))
    .stdout;
}

async function identities(): Promise<string[]> {
  return await Promise.all(
    ports.map(async (port) => {
      const { stdout } = await run(`${base}/redis/current/bin/redis-cli`, ['-p', String(port), 'INFO', 'server']);
      const file = statSync(`${base}/etc/${port}/redis.conf`);
      return `${/run_id:(\w+)/.exec(stdout)?.[1]} ${file.ino} ${file.mtimeMs}`;
    }),
  );
}

beforeAll(() => {
  const vars = {
    redis_address: '127.0.0.1',
    redis_ports: ports,
    redis_source: 'apt-source',
    redis_supervisor: 'daemonize',
    redis_user: 'root',
    redis_prefix: `${base}/redis`,
    redis_config_dir: `${base}/etc`,
    redis_data_dir: `${base}/data`,
    redis_log_dir: `${base}/log`,
  };
  const local = { ansible_connection: 'local' };
  writeFileSync(inventory, JSON.stringify({ all: { children: { redis: { hosts: { local }, vars } } } }));
});
afterAll(async () => {
  await playbook('destroy', '-e', 'confirm=main');
  rmSync(base, { recursive: true, force: true });
});

test('check mode foretells everything and writes nothing', async () => {
  const foretold = await playbook('cluster', '--check');
  expect(foretold.exit).toBe(0);
  expect(foretold.changed).toBeGreaterThan(5);
  expect(readdirSync(base)).toEqual(['hosts.yml']);
});

test('bare directories become a verified cluster, and a second run changes nothing', async () => {
  const first = await playbook('cluster');
  expect(first).toMatchObject({ failures: [], exit: 0 });
  const before = await identities();
  const second = await playbook('cluster');
  expect(second).toMatchObject({ failures: [], exit: 0, changed: 0 });
  expect(await identities()).toEqual(before);
  expect((await playbook('verify')).exit).toBe(0);
  // Redis is compiled here when no earlier test has done it.
}, 400_000);

test('a run that changes nothing asks for the view of a node twice: for its plan, and to verify the cluster at its end', async () => {
  await cli('CONFIG', 'RESETSTAT');
  expect(await playbook('cluster')).toMatchObject({ failures: [], exit: 0, changed: 0 });
  expect(await cli('INFO', 'commandstats')).toMatch(/cmdstat_cluster\|nodes:calls=2,/);
});

test('a client is redirected to the node that holds the key', async () => {
  expect(await cli('SET', 'foo', 'bar')).toContain('OK');
  expect(await cli('GET', 'foo')).toContain('"bar"');
  expect(await cli('CLUSTER', 'INFO')).toContain('cluster_slots_ok:16384');
});

test('a setting changes on live nodes without a restart', async () => {
  const before = (await identities()).map((one) => one.split(' ')[0]);
  const changed = await playbook('cluster', '-e', '{"redis_config": {"maxmemory": "50mb"}}');
  expect(changed).toMatchObject({ failures: [], exit: 0, changed: 1 });
  expect(await cli('CONFIG', 'GET', 'maxmemory')).toContain(String(50 * 1024 * 1024));
  expect((await identities()).map((one) => one.split(' ')[0])).toEqual(before);
});

test('a setting that needs a restart is taken over node by node, and not a second time', async () => {
  const before = await identities();
  const extra = '{"redis_config": {"maxmemory": "60mb", "tcp-backlog": 300, "repl-diskless-sync-delay": 0}}';
  expect(await playbook('cluster', '-e', extra)).toMatchObject({ failures: [], exit: 0 });
  expect(await cli('CONFIG', 'GET', 'tcp-backlog')).toContain('300');
  expect((await identities()).filter((one) => before.includes(one))).toEqual([]);
  expect(await playbook('cluster', '-e', extra)).toMatchObject({ failures: [], exit: 0, changed: 0 });
});

test('a setting that would make nodes others is refused, and nothing has changed', async () => {
  const before = readFileSync(`${base}/etc/${ports[0]}/redis.conf`, 'utf8');
  const refused = await playbook('cluster', '-e', '{"redis_config": {"cluster-config-file": "other.conf"}}');
  expect(refused.exit).toBe(2);
  expect(refused.text).toContain('take it out of the cluster');
  expect(readFileSync(`${base}/etc/${ports[0]}/redis.conf`, 'utf8')).toBe(before);
});

test('all nodes stop, start and serve the same data', async () => {
  // Replicas are one task, masters another.
  expect(await playbook('stop')).toMatchObject({ failures: [], exit: 0, changed: 2 });
  expect(await playbook('stop')).toMatchObject({ failures: [], exit: 0, changed: 0 });
  expect(await playbook('start')).toMatchObject({ failures: [], exit: 0, changed: 2 });
  expect(await cli('GET', 'foo')).toContain('"bar"');
});

test('destroying needs the name of the cluster', async () => {
  const refused = await playbook('destroy');
  expect(refused).toMatchObject({ exit: 2, changed: 0 });
  expect(refused.text).toContain('-e confirm=main');
  expect((await playbook('destroy', '-e', 'confirm=other')).exit).toBe(2);
  expect(await cli('GET', 'foo')).toContain('"bar"');
  expect((await playbook('destroy', '-e', 'confirm=main')).exit).toBe(0);
  expect(existsSync(`${base}/data/${ports[0]}`)).toBe(false);
  expect(await playbook('destroy', '-e', 'confirm=main')).toMatchObject({ failures: [], exit: 0, changed: 0 });
});

test('part 1 of the guide: servers that are no cluster, tried with a client', async () => {
  expect((await playbook('standalone')).exit).toBe(0);
  expect(await playbook('standalone')).toMatchObject({ failures: [], exit: 0, changed: 0 });
  const restarted = await playbook('standalone', '-e', '{"redis_config": {"databases": 4}}');
  expect(restarted.exit).toBe(0);
  expect(await playbook('standalone', '-e', '{"redis_config": {"databases": 4}}')).toMatchObject({
    exit: 0,
    changed: 0,
  });
  expect(await cli('CONFIG', 'GET', 'databases')).toContain('"4"');
});
