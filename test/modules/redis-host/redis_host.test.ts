import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RedisHostArgs } from '../../../src/modules/generated/redis_host.ts';
import { redisHost } from '../../../src/modules/redis_host.ts';
import {
  hostFactsScript,
  limitsFile,
  parseHostFacts,
  sysctlFile,
  tmpfilesFile,
} from '../../../src/modules/redis-host/host-facts.ts';

const env = { host: 'h1', check: false, diff: false, changesPredicted: false };
const args: RedisHostArgs = {
  ports: [7000, 7001],
  cluster: true,
  data_dir: '/var/lib/redis',
  free_mb: 200,
  backlog: 1024,
  open_files: 10032,
  user: 'redis',
  swap: 'any',
  open_ports: false,
  apply: true,
};
const now = Date.parse('2026-11-23T12:00:00Z');
const fresh = [
  'root',
  '==> /proc/sys/vm/overcommit_memory <==',
  '0',
  '',
  'writable vm.overcommit_memory',
  '==> /proc/sys/net/core/somaxconn <==',
  '4096',
  '',
  'writable net.core.somaxconn',
  '==> /sys/kernel/mm/transparent_hugepage/enabled <==',
  '[always] madvise never',
  '',
  'writable thp',
  'open_files 1048576',
  'free 5000',
  'memory 8000',
  `clock ${now / 1000}`,
];
const facts = (...lines: string[]) => parseHostFacts({ rc: 0, stdout: [...lines, ''].join('\n'), stderr: '' }, now);
const plan = (lines: string[], given: Partial<RedisHostArgs> = {}) =>
  redisHost.plan(facts(...lines), { ...args, ...given }, env);
const persisted = [
  `persisted ${sysctlFile}`,
  `persisted ${sysctlFile} vm.overcommit_memory = 1`,
  `persisted ${tmpfilesFile}`,
  `persisted ${tmpfilesFile} w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise`,
];

test('what can be fixed is set now and for the next boot', () => {
  const { changes } = plan(fresh);
  expect(changes.map(({ what, after }) => [what, after])).toEqual([
    ['vm.overcommit_memory', '1'],
    ['thp', 'madvise'],
    [sysctlFile, 'vm.overcommit_memory = 1\n'],
    [tmpfilesFile, 'w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise\n'],
  ]);
});

test('a host that was put right stays so', () => {
  const lines = [
    'root',
    '==> /proc/sys/vm/overcommit_memory <==',
    '1',
    '',
    '==> /sys/kernel/mm/transparent_hugepage/enabled <==',
    'always [madvise] never',
    '',
    '==> /proc/sys/net/core/somaxconn <==',
    '4096',
    '',
    ...persisted,
  ];
  expect(plan(lines)).toMatchObject({ changes: [], warnings: [], unsafe: [] });
});

test('a kernel that refused before is asked again, which is no change', () => {
  const lines = [...fresh, ...persisted];
  expect(plan(lines)).toMatchObject({ changes: [], applies: true });
});

test('a container that refuses, and a user without root, are told and left', () => {
  const readOnly = fresh.filter((line) => !line.startsWith('writable'));
  expect(plan(readOnly)).toMatchObject({
    changes: [],
    unsafe: expect.arrayContaining([expect.stringContaining('a container?')]),
  });
  expect(plan(fresh.slice(1))).toMatchObject({
    changes: [],
    unsafe: expect.arrayContaining([expect.stringContaining('apply needs root')]),
  });
  expect(plan(fresh, { apply: false }).changes).toEqual([]);
});

describe('a limit of open files that is too low', () => {
  const low = [...fresh.filter((line) => !line.startsWith('open_files')), 'open_files 1024', 'limits_dir'];
  const right = 'root hard nofile 10032\nredis hard nofile 10032\n';

  test('is raised for the next login, for root by name too; one that is high enough is left', () => {
    expect(plan(low).changes).toContainEqual({ what: limitsFile, before: undefined, after: right, text: true });
    expect(plan([...fresh, 'limits_dir']).changes.map(({ what }) => what)).not.toContain(limitsFile);
    const noPam = low.filter((line) => line !== 'limits_dir');
    expect(plan(noPam).changes.map(({ what }) => what)).not.toContain(limitsFile);
  });

  test('stays raised, and is said where logins do not follow', () => {
    const lines = right
      .trimEnd()
      .split('\n')
      .map((line) => `persisted ${limitsFile} ${line}`);
    const again = plan([...low, `persisted ${limitsFile}`, ...lines]);
    expect(again.changes.map(({ what }) => what)).not.toContain(limitsFile);
    expect(again.unsafe).toContainEqual(expect.stringContaining('raises it for those who log in by PAM'));
  });
});

describe('a firewall', () => {
  const wall = [...fresh, 'firewall firewalld', 'open 22', 'open 7000-7005'];
  const ports = ['17000', '17001'].map((port) => `port ${port} in firewalld`);

  test('that lets no port of ours through is named, and opened only when that is asked for, by root', () => {
    const told = expect.stringContaining('firewalld is at work and has no rule for port 17000, 17001');
    expect(plan(wall).unsafe).toContainEqual(told);
    expect(plan(wall).changes.map(({ what }) => what)).not.toContain(ports[0]);
    const opened = plan(wall, { open_ports: true, apply: false });
    expect(opened.changes.map(({ what }) => what)).toEqual(ports);
    expect(opened.unsafe).not.toContainEqual(told);
    expect(plan(wall.slice(1), { open_ports: true }).unsafe).toContainEqual(told);
  });

  test('that lets all through, or none at all, is nothing to tell', () => {
    const open = plan([...wall, 'open 17000', 'open 17001'], { open_ports: true, apply: false });
    expect(open.changes).toEqual([]);
    expect(plan(fresh).result).toMatchObject({ firewall: null });
  });
});

test.each([
  ['swap 0', 'present', 'it has no swap, wanted is swap: present'],
  ['swap 2048', 'absent', 'it has 2048 MB of swap, wanted is swap: absent'],
] as const)('policy for swap: %s, %s', (line, swap, message) => {
  expect(plan([...fresh, line], { swap }).unsafe).toContainEqual(message);
  expect(plan([...fresh, line], { swap: swap === 'absent' ? 'present' : 'absent' }).unsafe).toEqual([]);
});

test.each([
  [{ ports: [60000] }, [], 'leaves no room for a cluster bus port'],
  [{ ports: [7000, 17000] }, [], 'port 17000 is wanted twice'],
  [{}, ['taken 7000 by pid 7 (nginx)'], 'port 7000 by pid 7 (nginx) is taken'],
])('impossible: %j %j', (given, lines, message) => {
  expect(plan([...fresh, ...lines], given).failed).toContain(message);
});

test.each([
  ['free 20', 'only 20 MB are free'],
  ['memory 60', 'only 60 MB of memory'],
  ['open_files 1024', 'limit of open files is 1024'],
  [`clock ${now / 1000 + 180}`, '180 s ahead of'],
  ['Id=redis-server.service\nActiveState=active', 'redis-server.service runs here'],
])('told: %s', (line, message) => {
  const others = fresh.filter((one) => one.split(' ')[0] !== line.split(' ')[0]);
  const { unsafe = [], warnings = [] } = plan([...others, line]);
  expect([...unsafe, ...warnings].join('; ')).toContain(message);
});

test('the kernel is read whole by every shell', () => {
  const somaxconn = readFileSync('/proc/sys/net/core/somaxconn', 'utf8').trim();
  for (const shell of ['dash', 'bash']) {
    const { stdout } = spawnSync(shell, ['-c', hostFactsScript([7000], '/')], { encoding: 'utf8' });
    expect(parseHostFacts({ rc: 0, stdout, stderr: '' }, Date.now()).kernel['net.core.somaxconn']).toBe(somaxconn);
  }
});

describe.each(['/bin/dash', '/bin/bash'])('who listens on a port, by %s', (shell) => {
  const look = (port: number, path = process.env.PATH) =>
    spawnSync(shell, ['-c', hostFactsScript([port, 1], '/')], {
      encoding: 'utf8',
      env: { PATH: path },
      timeout: 20_000,
    });
  /** A PATH where everything is but ss. */
  const withoutSs = mkdtempSync(join(tmpdir(), 'rcdeploy-path-'));
  for (const name of ['awk', 'ls', 'tr', 'cut', 'sed', 'grep', 'df', 'date']) {
    const found = ['/usr/bin', '/bin'].map((directory) => join(directory, name)).find((file) => existsSync(file));
    symlinkSync(found ?? name, join(withoutSs, name));
  }
  afterAll(() => rmSync(withoutSs, { recursive: true }));

  test.each(['127.0.0.1', '::1'])('on %s, is told with and without ss', async (address) => {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const path of [process.env.PATH, withoutSs]) {
      const { stdout } = look(port, path);
      const { taken } = parseHostFacts({ rc: 0, stdout, stderr: '' }, Date.now());
      expect(taken).toEqual([expect.stringContaining(`${port} by pid ${process.pid} (`)]);
    }
    server.close();
  });

  test('is nobody when nobody does', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    for (const path of [process.env.PATH, withoutSs]) expect(look(port, path).stdout).not.toContain('taken');
  });
});
