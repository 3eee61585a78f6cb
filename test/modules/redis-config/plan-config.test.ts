import { expect, test } from 'vitest';
import type { ConfigArgs } from '../../../src/modules/redis_config.ts';
import type { ConfigState, LiveNode } from '../../../src/modules/redis-config/config-state.ts';
import { DirectiveNames } from '../../../src/modules/redis-config/directive-names.ts';
import { planConfig } from '../../../src/modules/redis-config/plan-config.ts';
import { renderConf } from '../../../src/redis/conf/conf-file.ts';
import { configArgs, path } from './config-args.ts';

const state: ConfigState = {
  text: undefined,
  unreadable: undefined,
  attributes: undefined,
  directives: undefined,
  version: undefined,
  flavor: undefined,
  realDir: undefined,
  live: 'down',
};
const live = (config: Record<string, string>, more: Partial<LiveNode> = {}): LiveNode => ({
  config: new Map(Object.entries(config)),
  configError: undefined,
  configFile: path,
  pid: '42',
  version: undefined,
  inCluster: true,
  users: undefined,
  ...more,
});
const plan = (settings: object, more: Partial<ConfigState> = {}, given: Partial<ConfigArgs> = {}) =>
  planConfig({ ...state, ...more }, { ...configArgs, ...given, settings: { ...settings } });

test('replica directives take the name that the version knows', () => {
  expect(plan({ 'replica-priority': 50 }, {}, { version: '4.0.7' }).text).toContain('slave-priority 50');
  expect(plan({ 'slave-priority': 50 }).text).toContain('replica-priority 50');
  expect(plan({ 'replica-serve-stale-data': true }, {}, { version: '4.0.7' }).text).toContain(
    'slave-serve-stale-data yes',
  );
});

test('all that a server does not know is told at once, each with a suggestion', () => {
  const { failed } = plan({ maxmemry: 1, aclfile: '/x', hz: [1, 2] }, {}, { version: '4.0.7' });
  expect(failed).toContain('did you mean maxmemory?');
  expect(failed).toContain('"aclfile"');
  expect(failed).toContain('hz takes one value, not a list');
});

test.each(['p w', 'p\tw', 'p"w', "p'w"])(
  'before 5.0 a password that no replica could log in with is refused: %s',
  (word) => {
    const given = { requirepass: word, masterauth: word };
    const { failed } = plan({}, {}, { ...given, version: '4.0.14' });
    expect(failed).toContain('before 5.0 no replica can log in with a masterauth that has a space or a quote in it');
    expect(failed).not.toContain(word);
    expect(plan({}, {}, { ...given, version: '5.0.14' }).failed).toBeUndefined();
    expect(plan({}, {}, { requirepass: word, version: '4.0.14' }).failed).toBeUndefined();
    expect(plan({ masterauth: 'open-sesame#0815' }, {}, { version: '4.0.14' }).failed).toBeUndefined();
  },
);

test('what is only wished for is left out where the server does not know it', () => {
  const wish = { settings_if_known: { 'cluster-bus-port-protected-mode': false, 'io-threads': 2 } };
  expect(plan({}, {}, { ...wish, version: '4.0.7' }).text).toBe(renderConf(new Map([['port', [['7000']]]])));
  expect(plan({}, {}, wish).text).toContain('io-threads 2');
});

test('a node that is not running only gets its file', () => {
  expect(plan({ databases: 32 })).toMatchObject({ set: [], result: { restart_needed: false, running: false } });
});

test('outside a cluster a fixed setting owes a restart, and says so', () => {
  const found = plan({ databases: 32 }, { live: live({ port: '7000', databases: '16' }, { inCluster: false }) });
  expect(found.result).toMatchObject({ restart_needed: true });
  expect(found.warnings?.join()).toContain('databases (16 → 32)');
});

test('a port or address of a live cluster node does not change', () => {
  expect(plan({ bind: '10.0.0.2' }, { live: live({ port: '7000', bind: '10.0.0.1' }) }).failed).toContain(
    'bind (10.0.0.1 → 10.0.0.2)',
  );
});

test('with rolling: true a live cluster node gets its file and owes the restart', () => {
  const running = live({ port: '7000', databases: '16', 'cluster-config-file': 'nodes.conf' });
  expect(plan({ databases: 32 }, { live: running }).failed).toContain('with rolling: true the file is written');
  const rolled = plan({ databases: 32 }, { live: running }, { rolling: true });
  expect(rolled).toMatchObject({ set: [], result: { restart_needed: true } });
  expect(rolled.text).toContain('databases 32');
  expect(rolled.warnings?.join()).toContain('owes a restart');
  for (const change of [{ 'cluster-config-file': 'other.conf' }, { dir: '/elsewhere' }]) {
    const node = { ...running, config: new Map([...(running.config ?? []), ['dir', '/var/lib/redis']]) };
    expect(plan(change, { live: node }, { rolling: true }).failed).toContain('take it out of the cluster');
  }
  const blind = live({}, { config: undefined, configError: "ERR unknown command 'CONFIG'" });
  expect(plan({ hz: 20 }, { live: blind }, { rolling: true }).failed).toContain('nobody could see which nodes');
});

test('a directory behind a link is the same directory', () => {
  const found = plan(
    { dir: '/var/lib/redis' },
    { realDir: '/data/redis', live: live({ port: '7000', dir: '/data/redis' }) },
  );
  expect(found.failed).toBeUndefined();
});

test('without CONFIG, every change of a live cluster node is a restart', () => {
  const noConfig = live({}, { config: undefined, configError: "ERR unknown command 'CONFIG'" });
  expect(plan({ hz: 20 }, { live: noConfig }).failed).toContain("unknown command 'CONFIG'");
});

test('a node that refuses the password is not judged', () => {
  expect(plan({}, { live: { unknown: 'WRONGPASS' } }).failed).toContain('WRONGPASS');
});

test('secrets are in no change', () => {
  const found = plan(
    { requirepass: 'geheim' },
    { text: 'requirepass alt-geheim\n', live: live({ port: '7000', requirepass: 'alt-geheim' }) },
  );
  expect(JSON.stringify(found.changes)).not.toContain('geheim');
  expect(found.set).toEqual([{ name: 'requirepass', live: 'alt-geheim', wanted: 'geheim' }]);
});

test.each([
  ['redis', '4.0.7', 'aclfile', undefined],
  ['redis', '7.2.1', 'aclfile', 'aclfile'],
  ['redis', '99.0.0', 'MaxMemory', 'maxmemory'],
  ['redis', '3.2.0', 'replica-priority', 'slave-priority'],
  ['valkey', '8.1.0', 'replica-priority', 'replica-priority'],
])('%s %s: %s is %s', (flavor, version, name, resolved) => {
  expect(new DirectiveNames(undefined, flavor, version).resolve(name)).toBe(resolved);
});

test("Redis's own files are never written over, whatever path is given", () => {
  const nodes =
    'b99953dbdadba57ed2824cc35beebd0c789066f2 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460\nvars currentEpoch 7 lastVoteEpoch 7\n';
  expect(plan({}, { text: nodes }).failed).toMatch(/nodes\.conf.*belongs to Redis/);
  expect(plan({}, { text: 'vars currentEpoch 0 lastVoteEpoch 0\n' }).failed).toMatch(/belongs to Redis/);
  expect(plan({}, { text: 'REDIS0010\ufffd' }).failed).toMatch(/data file/);
  expect(plan({}, { text: '# users\nuser default on nopass ~* +@all\nuser a off\n' }).failed).toMatch(/ACL file/);
  expect(plan({}, { text: 'port 7000\nuser a on nopass\n' }).failed).toBeUndefined();
  const same = { dir: '/etc/redis/7000/', 'cluster-config-file': 'redis.conf' };
  expect(plan(same).failed).toMatch(/cluster-config-file names the same file/);
  expect(plan({ aclfile: path }).failed).toMatch(/aclfile names the same file/);
});
