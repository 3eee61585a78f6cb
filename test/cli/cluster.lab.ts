import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { directoryOf, rcdeploy } from './program.ts';

const ports = [21341, 21342, 21343, 21344, 21345, 21346];
const seed = '127.0.0.1:21341';
const servers = new Servers();
const run = promisify(execFile);

beforeAll(async () => {
  await Promise.all(ports.map((port) => servers.start(port, ['--cluster-require-full-coverage', 'no'])));
  const cluster = declared(ports, { nodeTimeoutMs: 1500 });
  await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 20_000 });
  await command(21343, ['SET', 'foo', 'bar']);
});
afterAll(async () => await servers.stopAll());

/** Lines that redis-cli prints, and whether it found something wrong; its hint about the seed aside. */
async function redisCli(what: 'check' | 'info'): Promise<{ lines: string[]; wrong: boolean }> {
  const { stdout, code } = await run('redis-cli', ['--cluster', what, seed]).then(
    (done) => ({ ...done, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  const plain = stdout.replace(/\u001b\[[\d;]*m/g, '');
  const lines = plain.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('>>> Performing'));
  return { lines: lines.sort(), wrong: code !== 0 };
}

async function ours(what: 'check' | 'info' | 'status', ...more: string[]) {
  const { exit, out, err } = await rcdeploy('cluster', what, seed, ...more);
  const lines = out.split('\n').filter((line) => line !== '' && !line.startsWith('>>> Performing'));
  return { exit, out, err, lines };
}

const MORE = ">>> Check every node in every other node's view...";

/** What redis-cli says is what we say first; and we find no less wrong. */
async function compare(): Promise<string[]> {
  const [theirs, own] = [await redisCli('check'), await ours('check')];
  const at = own.lines.indexOf(MORE);
  expect(own.lines.slice(0, at).sort()).toEqual(theirs.lines);
  if (theirs.wrong) expect(own.exit).toBe(2);
  return own.lines.slice(at + 1);
}

describe('rcdeploy cluster', () => {
  it('says of a healthy cluster what redis-cli says, and exits 0', async () => {
    await until(async () => (await ours('check')).exit === 0, 'a healthy cluster');
    expect(await compare()).toEqual([
      '[OK] All 6 nodes are as they should be.',
      ">>> Check the servers' versions for published flaws...",
      expect.stringMatching(
        /^\[WARNING\] redis 7\.0\.15 \(6 nodes\) has .*CVE-2025-49844.*, as published until 20\d\d-\d\d-\d\d, unless who built it mended that; redis 7\.2\.14 has none of them\.$/,
      ),
    ]);
    expect((await ours('info')).lines.sort()).toEqual((await redisCli('info')).lines);
  });

  it('goes on at open slots where redis-cli goes on, and says so', async () => {
    const [first, second] = await Promise.all([21341, 21342].map((port) => command(port, ['CLUSTER', 'MYID'])));
    await command(21341, ['CLUSTER', 'SETSLOT', '5', 'MIGRATING', String(second)]);
    await command(21342, ['CLUSTER', 'SETSLOT', '5', 'IMPORTING', String(first)]);
    const findings = await compare();
    expect(findings.join('\n')).toMatch(/is giving slots away: 5[\s\S]*is taking slots over: 5/);
    for (const port of [21341, 21342]) await command(port, ['CLUSTER', 'SETSLOT', '5', 'STABLE']);
  });

  it('names slots without an owner', async () => {
    await Promise.all(ports.map((port) => command(port, ['CLUSTER', 'DELSLOTS', '16383'])));
    expect((await compare()).join('\n')).toContain('1 of 16384 slots have no owner: 16383');
    await command(21343, ['CLUSTER', 'ADDSLOTS', '16383']);
    await until(async () => (await ours('check')).exit === 0, 'agreement again');
  });

  it('exits 2 for a dead replica, which redis-cli calls OK', async () => {
    await servers.kill(21344);
    await until(async () => String(await command(21341, ['CLUSTER', 'NODES'])).includes('slave,fail '), 'the failure');
    const theirs = await redisCli('check');
    const own = await ours('check');
    expect(theirs.wrong).toBe(false);
    expect(own.exit).toBe(2);
    expect(own.out).toContain('127.0.0.1:21344 (127.0.0.1:21344) refuses connections');
    await servers.start(21344);
    await until(async () => (await ours('check')).exit === 0, 'the replica again');
  });

  it('writes a table, JSON and metrics of the same picture', async () => {
    const table = await ours('status');
    expect(table.exit).toBe(0);
    expect(table.lines[0]).toMatch(/^NODE +ROLE +SLOTS +KEYS +MEMORY +CLIENTS +LINK +VERSION +UP/);
    expect(table.lines).toHaveLength(8);
    expect(table.out).toMatch(/ {2}127\.0\.0\.1:21344 +replica +0 +[\d.]+M +\d+ +up +7\.0\.15/);
    expect(table.lines.at(-1)).toBe(`cluster ${seed}: 6 nodes, 3 masters, 16384 of 16384 slots covered, all is well`);
    const json = JSON.parse((await ours('status', '--output', 'json')).out);
    expect(json).toMatchObject({ event: 'cluster', agreed: true, covered: 16384, open: [], findings: [] });
    expect(json.nodes[0]).toMatchObject({ name: seed, role: 'master', slots: '0-5460', slot_count: 5461, keys: 0 });
    const metrics = (await ours('check', '--output', 'prometheus')).out;
    expect(metrics).toContain(`# TYPE rcdeploy_cluster_ok gauge\nrcdeploy_cluster_ok{cluster="${seed}"} 1\n`);
    expect(metrics).toContain(`rcdeploy_cluster_node_keys{cluster="${seed}",node="127.0.0.1:21343"} 1\n`);
    for (const line of metrics.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) .+|\w+\{[^}]*\} \d+(\.\d+)?)$/);
  });

  it('reads the inventory, and judges what is declared there', async () => {
    const hostsWith = (zones: number) =>
      Object.fromEntries(
        ports.map((port, index) => [
          `h${index + 1}`,
          {
            ansible_connection: 'local',
            redis_address: '127.0.0.1',
            redis_ports: [port],
            zone: `z${(index % zones) + 1}`,
          },
        ]),
      );
    const inventoryWith = (zones: number) =>
      directoryOf({ 'hosts.yml': JSON.stringify({ all: { children: { redis: { hosts: hostsWith(zones) } } } }) });
    const inventory = ['-i', `${inventoryWith(6)}/hosts.yml`];
    const healthy = await rcdeploy('cluster', 'check', ...inventory);
    expect(healthy.out).toContain('[OK] All 6 nodes are as they should be.');
    expect(healthy.exit).toBe(0);
    const crowded = await rcdeploy('cluster', 'check', '-i', `${inventoryWith(3)}/hosts.yml`);
    expect(crowded.exit).toBe(2);
    expect(crowded.out).toContain('[ERR] h4:21344 is in zone z1 like its master h1:21341');
    const more = await rcdeploy('cluster', 'check', ...inventory, '-e', 'redis_replicas=2');
    expect(more.exit).toBe(2);
    expect(more.out).toContain('h1:21341 (127.0.0.1:21341) has 1 replicas, declared are 2');
  });

  it('shows several clusters at once, and exits as the worst of them', async () => {
    const site = (name: string, port: number) =>
      `${directoryOf({
        'hosts.yml': JSON.stringify({
          all: {
            vars: { redis_cluster_name: name },
            children: {
              redis: {
                hosts: {
                  [`${name}-1`]: { ansible_connection: 'local', redis_address: '127.0.0.1', redis_ports: [port] },
                },
              },
            },
          },
        }),
      })}/hosts.yml`;
    const [orders, users, gone] = [site('orders', 21341), site('users', 21342), site('gone', 21349)];
    const status = await rcdeploy('cluster', 'status', '--each', orders, users);
    expect(status).toMatchObject({ exit: 0, out: expect.stringMatching(/cluster orders:[\s\S]*cluster users:/) });
    const worst = await rcdeploy('cluster', 'check', '--output', 'json', '--each', orders, gone);
    expect(worst.exit).toBe(4);
    expect(
      worst.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).name),
    ).toEqual(['orders', 'gone']);
    const metrics = (await rcdeploy('cluster', 'check', '--output', 'prometheus', '--each', orders, users)).out;
    expect(metrics.match(/^# TYPE rcdeploy_cluster_ok /gm)).toHaveLength(1);
    expect(metrics).toMatch(/_ok\{cluster="orders"\} 0\nrcdeploy_cluster_ok\{cluster="users"\} 0\n/);
    const confused = await rcdeploy('cluster', 'status', '--each', orders, site('orders', 21343));
    expect(confused).toMatchObject({ exit: 1, err: expect.stringContaining('several clusters are called orders') });
  });

  it('looks again and again until it is interrupted', async () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const watching = spawn(process.execPath, [main, 'cluster', 'check', seed, '--watch', '1', '--output', 'json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pictures: unknown[] = [];
    for await (const line of createInterface({ input: watching.stdout })) {
      if (pictures.push(JSON.parse(line)) === 2) watching.kill('SIGINT');
    }
    expect(pictures.slice(0, 2)).toMatchObject([{ covered: 16384 }, { covered: 16384 }]);
    if (watching.exitCode === null) await once(watching, 'exit');
    expect(watching.exitCode).toBe(130);
  });

  /** The rights that the documentation gives a user. */
  const documented = (user: string): string[] => {
    const text = readFileSync(new URL('../../docs/playbooks.md', import.meta.url), 'utf8');
    const words = new RegExp(`^ACL SETUSER ${user} (.*)$`, 'm').exec(text)?.[1]?.split(' ') ?? [];
    return words.map((word) => (word === '>SECRET' ? '>only-to-look' : word));
  };

  it('needs no more rights than the documented ones to look, and an exporter no more than its own', async () => {
    for (const [name, user] of Object.entries({ looker: 'rcdeploy-look', exporter: 'exporter' })) {
      const rights = documented(user);
      expect(rights).toContain('>only-to-look');
      await Promise.all(ports.map((port) => command(port, ['ACL', 'SETUSER', name, ...rights])));
    }
    const exporter = { username: 'exporter', password: 'only-to-look' };
    const asked = [
      'INFO ALL',
      'PING',
      'CLUSTER INFO',
      'SLOWLOG LEN',
      'SLOWLOG GET 1',
      'LATENCY LATEST',
      'LATENCY HISTOGRAM',
      'CLIENT SETNAME exporter',
    ];
    for (const words of asked)
      expect(await command(21341, words.split(' '), exporter), words).not.toHaveProperty('error');
    for (const words of ['GET k', 'KEYS *', 'CONFIG GET requirepass', 'ACL LIST', 'CLUSTER RESET', 'CLIENT KILL ID 1'])
      expect(await command(21341, words.split(' '), exporter), words).toMatchObject({
        error: expect.stringContaining('NOPERM'),
      });
    const login = ['-e', '{"redis_username": "looker", "redis_password": "only-to-look"}'];
    const checked = await ours('check', ...login);
    expect(checked.exit).toBe(0);
    expect(checked.out).toContain('[OK] All 6 nodes are as they should be.');
    const wrong = await ours('check', '-e', '{"redis_username": "looker", "redis_password": "not-the-word"}');
    expect(wrong.exit).toBe(4);
    expect(wrong.out).toContain('refuses the login: WRONGPASS');
    expect(wrong.out).not.toContain('not-the-word');
  });

  it('says what cannot be asked, with the exit status for it', async () => {
    const dead = await rcdeploy('cluster', 'check', '127.0.0.1:21349');
    expect(dead.exit).toBe(4);
    expect(dead.out).toContain('refuses connections');
    const wrong = await rcdeploy('cluster', 'status', 'a:b:c');
    expect(wrong).toMatchObject({ exit: 1, err: expect.stringContaining('is no address of a node') });
  });
});
