import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planServer } from '../../../src/modules/redis-server/plan-server.ts';
import type { ServerArgs } from '../../../src/modules/redis-server/server-args.ts';
import {
  parseServerState,
  type Running,
  type ServerState,
  serverReadScript,
} from '../../../src/modules/redis-server/server-state.ts';
import { unitText } from '../../../src/modules/redis-server/unit.ts';

const env = { host: 'h1', check: false, diff: false, changesPredicted: false };
const args: ServerArgs = {
  port: 7000,
  config: '/etc/redis/7000/redis.conf',
  state: 'started',
  supervisor: 'auto',
  prefix: '/opt/redis',
  user: 'redis',
  address: '127.0.0.1',
  open_files: 65536,
  timeout: 60,
  host: 'h1',
};
const state: ServerState = {
  isRoot: true,
  hasSystemd: true,
  server: '/opt/redis/7.0.15/bin/redis-server',
  pinned: '/opt/redis/7.0.15/bin/redis-server',
  canNotify: false,
  configFound: true,
  passwordKept: false,
  conf: { dir: '/var/lib/redis/7000', 'cluster-enabled': 'yes', appendonly: 'yes' },
  runningExe: undefined,
  roleInFile: undefined,
  unit: undefined,
  unitEnabled: false,
  unitActive: false,
  taken: [],
  node: 'down',
};
const node: Running = {
  pid: '42',
  runId: 'r1',
  configFile: args.config,
  version: '7.0.15',
  isLoading: false,
  loadedBytes: undefined,
  inCluster: false,
  role: 'master',
  isCopy: false,
  cannotWrite: false,
  wouldLoseKeys: false,
  hasPassword: false,
};
const plan = (more: Partial<ServerState>, given: Partial<ServerArgs> = {}) =>
  planServer({ ...state, ...more }, { ...args, ...given }, env);
const whats = (more: Partial<ServerState>, given: Partial<ServerArgs> = {}) =>
  plan(more, given).changes.map((change) => change.what);

test('with systemd a unit is written, enabled and started', () => {
  expect(whats({})).toEqual(['/etc/systemd/system/redis@7000.service', 'redis@7000.service at boot', 'h1:7000']);
  expect(plan({})).toMatchObject({ start: 'systemd', enable: true });
});

test('a running node with its unit needs nothing', () => {
  expect(plan({ node, unit: unitText(args, state), unitEnabled: true, unitActive: true })).toMatchObject({
    changes: [],
    warnings: [],
    unsafe: [],
  });
});

test('a unit that somebody else made is started and stopped, and never written, enabled or removed', () => {
  const own = { unit: 'the-cache.service', server: '/srv/cache/server' };
  expect(plan({}, own)).toMatchObject({ start: 'systemd', changes: [{ what: 'h1:7000', after: 'running' }] });
  expect(whats({ node, unit: 'theirs', unitActive: true }, own)).toEqual([]);
  expect(whats({ node, unit: 'theirs', unitActive: true }, { ...own, state: 'absent' })).toEqual(['h1:7000']);
  expect(plan({ hasSystemd: false }, own).failed).toContain(
    'the-cache.service runs h1:7000: that takes systemd, and root',
  );
});

test.each([
  [{ hasSystemd: false }, 'no systemd here'],
  [{ isRoot: false }, 'without root there is no system unit'],
])('without it the node is detached, and it is said that it will not start at boot: %j', (more, why) => {
  expect(plan(more)).toMatchObject({ start: 'daemonize', unsafe: [expect.stringContaining(why)] });
});

test.each<[string, Partial<ServerState>, Partial<ServerArgs>, string]>([
  ['no systemd, but asked for', { hasSystemd: false }, { supervisor: 'systemd' }, 'does not run on this host'],
  ['systemd without root', { isRoot: false }, { supervisor: 'systemd' }, 'needs root'],
  ['no server', { server: undefined }, {}, 'redis_build installs it'],
  ['no configuration', { configFound: false }, {}, 'redis_config writes it'],
  ['a taken bus port', { taken: ['17000 by pid 7 (nc)'] }, {}, 'port 17000 by pid 7 (nc) is taken'],
  ['another Redis', { node: { ...node, configFile: '/etc/redis/redis.conf' } }, {}, '/etc/redis/redis.conf'],
  ['another Redis, to be stopped', { node: { ...node, configFile: undefined } }, { state: 'stopped' }, 'left alone'],
  ['silence', { node: { unknown: 'no answer within 5000 ms' } }, {}, 'no answer within 5000 ms'],
  [
    'a restart in a cluster',
    { node: { ...node, inCluster: true } },
    { state: 'restarted' },
    'redis_rolling (restart.yml) does it node by node',
  ],
  ['a restart that loses keys', { node: { ...node, wouldLoseKeys: true } }, { state: 'restarted' }, 'would lose them'],
])('refused: %s', (_, more, given, message) => {
  expect(plan(more, given).failed).toContain(message);
});

test('a bus port means nothing to a node outside a cluster', () => {
  expect(plan({ taken: ['17000 by pid 7 (nc)'], conf: {} }).failed).toBeUndefined();
});

test('in check mode what earlier tasks bring is taken for granted', () => {
  const predicted = planServer({ ...state, server: undefined, configFound: false }, args, {
    ...env,
    check: true,
    changesPredicted: true,
  });
  expect(predicted.failed).toBeUndefined();
});

test('a loading node is waited for, which is no change', () => {
  const waiting = plan({
    node: { ...node, isLoading: true },
    unit: unitText(args, state),
    unitEnabled: true,
    unitActive: true,
  });
  expect(waiting).toMatchObject({ changes: [], applies: true, wait: { pid: '42' } });
});

test('absent stops and removes the unit, and a second time does nothing', () => {
  expect(whats({ node, unit: 'x' }, { state: 'absent' })).toEqual([
    'h1:7000',
    '/etc/systemd/system/redis@7000.service',
  ]);
  expect(whats({}, { state: 'absent' })).toEqual([]);
});

test('a newer installed build is told, not started behind the back', () => {
  const told = plan({ node, runningExe: '/opt/redis/7.0.14/bin/redis-server' });
  expect(told.warnings?.join()).toContain('still runs /opt/redis/7.0.14/bin/redis-server');
  expect(told.start).toBeUndefined();
});

test('the unit comes back by itself only where the data does, and is never killed', () => {
  expect(unitText(args, state)).toMatch(/Restart=on-failure[\s\S]*/);
  expect(unitText(args, { ...state, conf: {} })).toContain('Restart=no\n');
  expect(unitText(args, state)).toContain('SendSIGKILL=no\n');
  expect(unitText(args, { ...state, canNotify: true })).toContain('Type=notify\n');
});

test('a path in the unit is quoted, and its percent signs are literal', () => {
  const unit = unitText({ ...args, config: '/srv/a b/50%/$x.conf' }, state);
  expect(unit).toContain('ExecStart=/opt/redis/7.0.15/bin/redis-server "/srv/a b/50%%/$$x.conf" --daemonize no');
});

test('what a host and a node say becomes a state', () => {
  const stdout = `root\nsystemd\nserver /opt/redis/7.0.15/bin/redis-server\nconf pidfile "/a b/redis.pid"\nconf appendonly yes\nfound\nMainPID=42\nActiveState=active\nUnitFileState=enabled\nexe /opt/redis/7.0.15/bin/redis-server\ntaken 17000 by pid 7 (nc -l)\n`;
  const info =
    'process_id:42\r\nrun_id:abc\r\nconfig_file:/etc/redis/7000/redis.conf\r\nredis_version:7.0.15\r\nloading:0\r\naof_enabled:0\r\ndb0:keys=1,expires=0\r\n';
  const parsed = parseServerState({
    reply: { rc: 0, stdout, stderr: '' },
    nodes: [{ ok: true, replies: [info, 'cluster_known_nodes:6\r\n', ['save', '']] }],
  });
  expect(parsed).toMatchObject({
    isRoot: true,
    unitEnabled: true,
    unitActive: true,
    conf: { pidfile: '/a b/redis.pid', appendonly: 'yes' },
    taken: ['17000 by pid 7 (nc -l)'],
    node: { pid: '42', inCluster: true, wouldLoseKeys: true },
  });
});

test('no name or path becomes another line of the unit, or further words of a command', () => {
  const evil = 'x\nExecStartPre=/bin/touch /pwned';
  expect(plan({}, { user: evil }).failed).toMatch(/^user "x\\nExec.* is no user name$/);
  expect(plan({}, { group: '0 --clear-groups' }).failed).toMatch(/is no group name$/);
  expect(plan({}, { user: '-R/tmp' }).failed).toMatch(/is no user name$/);
  expect(plan({}, { config: `/etc/${evil}` }).failed).toMatch(/^config .* holds a control character/);
  expect(plan({ conf: { dir: `/srv/${evil}` } }).failed).toMatch(/^dir .* holds a control character/);
});

test('quoted words of the configuration are taken as Redis takes them', () => {
  const reply = { rc: 0, stdout: 'conf dir "/srv/a b\\"c"\nconf appendonly yes\n', stderr: '' };
  expect(parseServerState({ reply, nodes: [] }).conf).toEqual({ dir: '/srv/a b"c', appendonly: 'yes' });
});

test('a master whose keys would be lost is not stopped; a replica whose master has them is, and any that is to be removed', () => {
  const stopped = { state: 'stopped' } as const;
  expect(plan({ node: { ...node, wouldLoseKeys: true } }, stopped).failed).toContain('a stop would lose them');
  expect(plan({ node: { ...node, cannotWrite: true } }, stopped).failed).toContain('aof_last_write_status:err');
  const replica = { ...node, role: 'replica', wouldLoseKeys: true } as const;
  expect(plan({ node: replica }, stopped).failed).toContain('would lose them');
  expect(plan({ node: { ...replica, isCopy: true } }, stopped).changes).toHaveLength(1);
  expect(plan({ node: { ...node, wouldLoseKeys: true } }, { state: 'absent' }).failed).toBeUndefined();
});

test.each<[Partial<ServerState>, 'master' | 'replica', number]>([
  [{ node }, 'replica', 0],
  [{ node }, 'master', 1],
  [{ node: { ...node, role: 'replica' } }, 'replica', 1],
  [{ node: { ...node, role: 'replica' } }, 'master', 0],
])('only nodes of the role that is asked for are stopped: %#', (more, role, changes) => {
  expect(plan(more, { state: 'stopped', if_role: role }).changes).toHaveLength(changes);
});

test('a node that does not run has the role that its file says, and without one it is a master', () => {
  expect(plan({ roleInFile: 'replica' }, { if_role: 'master' }).changes).toEqual([]);
  expect(plan({ roleInFile: 'master' }, { if_role: 'master' }).start).toBe('systemd');
  expect(plan({}, { if_role: 'master' }).start).toBe('systemd');
});

test('a node whose password is not in its file is not stopped, and may be removed', () => {
  const open = { node: { ...node, hasPassword: true } };
  expect(plan(open, { state: 'stopped' }).failed).toContain('set at run time and is not in /etc/redis/7000/redis.conf');
  expect(plan({ ...open, passwordKept: true }, { state: 'stopped' }).failed).toBeUndefined();
  expect(plan(open, { state: 'absent' }).failed).toBeUndefined();
});

test.each([
  ['port 7000\nrequirepass secret\n', true],
  ['  REQUIREPASS\tsecret', true],
  ['requirepass ""\n', false],
  ['# requirepass secret\nmasterauth secret\n', false],
  ['AclFile /etc/redis/users.acl\n', true],
])('the file %j keeps a password: %s', (text, kept) => {
  const dir = mkdtempSync('/tmp/rcdeploy-read-test.');
  try {
    const config = join(dir, 'redis.conf');
    writeFileSync(config, text);
    const stdout = execFileSync('sh', ['-c', serverReadScript({ ...args, config, prefix: dir })], { encoding: 'utf8' });
    const read = parseServerState({ reply: { rc: 0, stdout, stderr: '' }, nodes: [] });
    expect(read).toMatchObject({ configFound: true, passwordKept: kept });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
