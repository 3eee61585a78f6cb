import { describe, expect, it } from 'vitest';
import type { RedisRollingArgs } from '../../../src/modules/generated/redis_rolling.ts';
import { parseDirectives } from '../../../src/modules/redis-build/directives-json.ts';
import type { ConfigState } from '../../../src/modules/redis-config/config-state.ts';
import { dueNodes, isAtWork } from '../../../src/modules/redis-rolling/due.ts';
import { owedReasons } from '../../../src/modules/redis-rolling/owed.ts';
import type { NodeOnHost, RollingState } from '../../../src/modules/redis-rolling/rolling-state.ts';
import { parseServerState, type ServerState } from '../../../src/modules/redis-server/server-state.ts';
import { parseRestarts, removeRestartsScript, writeRestartsScript } from '../../../src/state/restart-record.ts';
import { servingViews } from '../../redis/rolling/serving.ts';

const FILE = '/etc/redis/6379/redis.conf';
const NEW = '/opt/redis/8.0.2/bin/redis-server';
const OLD = '/opt/redis/7.0.15/bin/redis-server';
const DIRECTIVES = JSON.stringify({
  names: ['hz', 'tcp-backlog', 'databases', 'supervised'],
  fixed: ['tcp-backlog', 'databases', 'supervised'],
  defaults: { hz: '10', 'tcp-backlog': '511', databases: '16', supervised: 'no' },
});

function server(changes: Partial<ServerState> = {}): ServerState {
  const reply = { rc: 0, stdout: `server ${OLD}\nexe ${OLD}\nfound\n`, stderr: '' };
  return { ...parseServerState({ reply, nodes: [] }), ...changes };
}

function config(file: string, live: Record<string, string>, version = '7.0.15'): ConfigState {
  return {
    text: file,
    unreadable: undefined,
    attributes: undefined,
    directives: parseDirectives(DIRECTIVES),
    version,
    flavor: 'redis',
    realDir: undefined,
    live: {
      config: new Map(Object.entries(live)),
      configError: undefined,
      configFile: FILE,
      pid: '1',
      version: undefined,
      inCluster: true,
      users: undefined,
    },
  };
}

describe('who owes a restart', () => {
  const live = { hz: '10', 'tcp-backlog': '511', databases: '16', supervised: 'systemd' };

  it.each([
    ['nobody whose process is what is installed and configured', server(), config('hz 10\n', live), ''],
    ['not for what CONFIG SET can change', server(), config('hz 20\n', live), ''],
    [
      'for a setting that only a start reads',
      server(),
      config('tcp-backlog 300\n', live),
      'still uses tcp-backlog (511 → 300)',
    ],
    [
      'for a setting that was taken out of the file',
      server(),
      config('hz 10\n', { ...live, databases: '32' }),
      'still uses databases (32 → 16)',
    ],
    [
      'not for the one database that 8.0 gives a node of a cluster',
      server(),
      config('databases 16\n', { ...live, databases: '1', 'cluster-enabled': 'yes' }),
      '',
    ],
    ['for another server', server({ server: NEW }), config('hz 10\n', live), `runs ${OLD}, ${NEW} is installed`],
    [
      'for the same version built anew',
      server({ runningExe: `${OLD} (deleted)` }),
      config('hz 10\n', live),
      `runs ${OLD} (deleted), ${OLD} is installed`,
    ],
  ])('%s', (_, one, other, reason) => {
    expect(owedReasons(one, other, 'redis').join('; ')).toBe(reason);
  });
});

/** Six nodes that all run with the file that the task names. */
function stateOf(onHost: Omit<NodeOnHost, 'file'>, records: readonly (readonly [string, string])[] = []): RollingState {
  const views = servingViews(3, 1).map((view) =>
    view.seen ? { ...view, configFile: FILE, runId: runIdOf(view.node.host) } : view,
  );
  return {
    views,
    onHost: new Map(views.map(({ node }) => [`${node.host}:6379`, { file: FILE, ...onHost }])),
    records: new Map(records.map(([host, runId]) => [host, [{ port: 6379, runId }]])),
  };
}

const runIdOf = (host: string): string => host.replace('h', '').padStart(40, '0');
const gone = 'f'.repeat(40);
const args = { when: 'owed' } as RedisRollingArgs;
const always = { when: 'always' } as RedisRollingArgs;

describe('who is due', () => {
  const well = { server: server(), config: config('hz 10\n', { hz: '10' }) };

  it('with `owed`, who owes; with the version that comes', () => {
    expect(dueNodes(stateOf(well), args)).toEqual({ due: new Map(), problems: [] });
    const newer = { server: server({ server: NEW }), config: config('hz 10\n', { hz: '10' }, '8.0.2') };
    const { due, problems } = dueNodes(stateOf(newer), { ...args, hosts: ['h2'] });
    expect([...due]).toEqual([['h2:6379', { reason: expect.stringContaining(NEW), version: 'redis 8.0.2' }]]);
    expect(problems).toEqual([]);
  });

  it('refuses a way between versions that is not safe', () => {
    const older = { server: server({ server: OLD }), config: config('hz 10\n', { hz: '10' }, '7.2.1') };
    const { problems } = dueNodes(stateOf({ ...older, server: server({ server: NEW }) }), args);
    expect(problems[0]).toMatch(
      /redis 7\.0\.15 cannot be replaced by redis 7\.2\.1 node by node.*go by redis 7\.2\.4 or later/,
    );
  });

  it('with `always`, everyone; of an operation that was begun, who is not another process yet', () => {
    expect([...dueNodes(stateOf(well), always).due.keys()]).toHaveLength(6);
    const begun = stateOf(well, [
      ['h1', gone],
      ['h2', gone],
      ['h3', runIdOf('h3')],
      ['h4', gone],
      ['h6', gone],
    ]);
    expect(isAtWork(begun)).toBe(true);
    expect([...dueNodes(begun, always).due.keys()]).toEqual(['h3:6379', 'h5:6379']);
    const over = stateOf(well, [
      ['h1', gone],
      ['h2', gone],
    ]);
    expect(isAtWork(over)).toBe(false);
    expect([...dueNodes(over, always).due.keys()]).toHaveLength(6);
  });

  it('refuses what could not be started again', () => {
    const bare = { server: server({ server: undefined }), config: { ...config('', {}), text: undefined } };
    const { problems } = dueNodes(stateOf(bare), { ...args, hosts: ['h1'] });
    expect(problems).toEqual([
      'h1:6379: no server is installed to start it with',
      'h1:6379: its configuration cannot be read (it is missing)',
    ]);
    const other = { ...stateOf(well), onHost: new Map([['h1:6379', { file: '/elsewhere', ...well }]]) };
    expect(dueNodes(other, args).problems).toEqual([`h1:6379: it runs with ${FILE}, not with /elsewhere`]);
  });

  it.each([
    [false, ['h1:6379: its password was set at run time']],
    [true, []],
  ])('restarts no node that would come back without its password: kept %s', (passwordKept, expected) => {
    const node = { server: server({ passwordKept }), config: config('hz 10\n', { hz: '10', requirepass: 'set' }) };
    const { problems } = dueNodes(stateOf(node), { ...always, hosts: ['h1'] });
    expect(problems.map((problem) => problem.slice(0, 41))).toEqual(expected);
    // One that is not restarted keeps it.
    expect(dueNodes(stateOf(node), { ...args, hosts: ['h1'] }).problems).toEqual([]);
  });
});

describe('records of an operation', () => {
  it('are read as they were written, whatever the cluster is called', () => {
    const head = Buffer.from('main').toString('hex');
    const lines = `${head}.6379 ${gone}\n${head}.7000 short\n${head}00.6380 ${gone}\nnonsense\n`;
    expect(parseRestarts(lines, 'main')).toEqual([{ port: 6379, runId: gone }]);
    for (const script of [
      writeRestartsScript("a/../b 'c'", [{ port: 1, runId: gone }]),
      removeRestartsScript("a/../b 'c'", [1]),
    ]) {
      expect(script).not.toContain('..');
      expect(script).toContain(Buffer.from("a/../b 'c'").toString('hex'));
    }
  });
});
