import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RedisHostArgs } from '../../../src/modules/generated/redis_host.ts';
import { redisHost } from '../../../src/modules/redis_host.ts';
import {
  hostFactsScript,
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
  apply: true,
};
const now = Date.parse('2026-11-23T12:00:00Z');
const fresh = [
  'root',
  'kernel vm.overcommit_memory 0',
  'writable vm.overcommit_memory',
  'kernel net.core.somaxconn 4096',
  'writable net.core.somaxconn',
  'kernel thp [always] madvise never',
  'writable thp',
  'open_files 1048576',
  'free 5000',
  'memory 8000',
  `clock ${now / 1000}`,
];
const facts = (...lines: string[]) => parseHostFacts({ rc: 0, stdout: [...lines, ''].join('\n'), stderr: '' }, now);
const plan = (lines: string[], given: Partial<RedisHostArgs> = {}) =>
  redisHost.plan(facts(...lines), { ...args, ...given }, env);
const encoded = (text: string) => Buffer.from(text).toString('base64');

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
    'kernel vm.overcommit_memory 1',
    'kernel thp always [madvise] never',
    'kernel net.core.somaxconn 4096',
    `persisted ${sysctlFile} ${encoded('vm.overcommit_memory = 1\n')}`,
    `persisted ${tmpfilesFile} ${encoded('w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise\n')}`,
  ];
  expect(plan(lines)).toMatchObject({ changes: [], warnings: [] });
});

test('a kernel that refused before is asked again, which is no change', () => {
  const lines = [
    ...fresh,
    `persisted ${sysctlFile} ${encoded('vm.overcommit_memory = 1\n')}`,
    `persisted ${tmpfilesFile} ${encoded('w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise\n')}`,
  ];
  expect(plan(lines)).toMatchObject({ changes: [], applies: true });
});

test('a container that refuses, and a user without root, are told and left', () => {
  const readOnly = fresh.filter((line) => !line.startsWith('writable'));
  expect(plan(readOnly)).toMatchObject({
    changes: [],
    warnings: expect.arrayContaining([expect.stringContaining('a container?')]),
  });
  expect(plan(fresh.slice(1))).toMatchObject({
    changes: [],
    warnings: expect.arrayContaining([expect.stringContaining('apply needs root')]),
  });
  expect(plan(fresh, { apply: false }).changes).toEqual([]);
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
  expect(plan([...others, line]).warnings?.join('; ')).toContain(message);
});

test('the kernel is read whole by every shell', () => {
  const somaxconn = readFileSync('/proc/sys/net/core/somaxconn', 'utf8').trim();
  for (const shell of ['dash', 'bash']) {
    const { stdout } = spawnSync(shell, ['-c', hostFactsScript([7000], '/')], { encoding: 'utf8' });
    expect(parseHostFacts({ rc: 0, stdout, stderr: '' }, Date.now()).kernel['net.core.somaxconn']).toBe(somaxconn);
  }
});
