import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApplyContext, Plan, PlanEnv, Result } from '../../src/modules/contract.ts';
import type { RedisClusterArgs } from '../../src/modules/generated/redis_cluster.ts';
import { redisCluster } from '../../src/modules/redis_cluster.ts';
import { observedLayout } from '../../src/redis/cluster/report.ts';
import type { NodeView } from '../../src/redis/node/observe.ts';
import { SET_STATE_DIR } from '../../src/state/state-dir.ts';
import type { Reply, ShOptions } from '../../src/transport/contract.ts';
import { ask, askKept, command, openLocal, Servers } from '../redis/servers.ts';

const servers = new Servers();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rcdeploy-test-'));
});
afterEach(async () => {
  await servers.stopAll();
  rmSync(directory, { recursive: true, force: true });
});
const ports = [17201, 17202, 17203, 17204, 17205, 17206];
const real: PlanEnv = { host: 'h1', check: false, diff: true, changesPredicted: false };

function args(changes: Partial<RedisClusterArgs> = {}): RedisClusterArgs {
  const nodes = ports.map((port, index) => ({ host: `h${index + 1}`, address: '127.0.0.1', port }));
  return {
    name: 'main',
    nodes,
    replicas: 1,
    state: 'present',
    placement: 'zones',
    leaving: [],
    rebalance: false,
    weights: {},
    threshold: 2,
    latency_budget: 5,
    allow: [],
    lost: [],
    canary: true,
    wait: false,
    timeout: 15,
    ...changes,
  };
}

const sh = async (script: string, options: ShOptions = {}): Promise<Reply> =>
  await new Promise((resolve) => {
    const child = execFile('sh', ['-c', script], (error, stdout, stderr) =>
      resolve({ rc: error ? 1 : 0, stdout, stderr }),
    );
    // A script that reads nothing may end first.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.stdin ?? '');
  });

/** Each host has a state directory of its own. */
const stateOf = (host: string): Pick<ApplyContext, 'sh'> => ({
  sh: async (script, options) => await sh(script.replaceAll(SET_STATE_DIR, `D=${directory}/${host}`), options),
});

const context: ApplyContext = {
  host: 'h1',
  diff: true,
  signal: new AbortController().signal,
  cacheDir: tmpdir(),
  sh,
  on: () => ({ sh }),
  stateOf,
  query: ask,
  link: askKept,
  openStream: async (to) => await openLocal('port' in to ? to : { address: '', port: 0 })(),
  once: async (_, work) => await work(),
  reconnect: async () => undefined,
  ask: async () => undefined,
  progress: () => undefined,
  output: () => undefined,
  sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
};

type State = Parameters<typeof redisCluster.plan>[0];

async function look(
  given: RedisClusterArgs,
  env = real,
): Promise<{ state: State; views: readonly NodeView[]; plan: Plan }> {
  const request = redisCluster.read(given);
  const nodes = await Promise.all((request.nodes ?? []).map(ask));
  const elsewhere = await Promise.all((request.elsewhere ?? []).map(({ host, script }) => stateOf(host).sh(script)));
  const state = redisCluster.parse({ reply: { rc: 0, stdout: '', stderr: '' }, nodes, elsewhere }, given);
  return { state, views: state.views, plan: redisCluster.plan(state, given, env) };
}

async function run(given: RedisClusterArgs): Promise<Result> {
  const { state, plan } = await look(given);
  if (plan.failed !== undefined) throw new Error(plan.failed);
  if (plan.changes.length === 0 && plan.applies !== true) return { changed: false, ...plan.result };
  return await redisCluster.apply(plan, given, context, state);
}

async function startAll(settings: readonly string[] = []): Promise<void> {
  await Promise.all(ports.map(async (port) => await servers.start(port, settings)));
}

describe('redis_cluster', () => {
  it('does what check mode said, then changes nothing any more', async () => {
    await startAll();
    const check = await look(args(), { ...real, check: true });
    const [change] = check.plan.changes;
    expect(check.plan.changes).toHaveLength(1);
    const result = await run(args());
    expect(result).toMatchObject({ changed: true, findings: [] });
    expect(result.steps).toEqual(check.plan.result?.steps);
    expect(result.cluster).toEqual(check.plan.result?.cluster);
    expect(result.steps).toEqual([
      '6 nodes: cluster-node-timeout 2001 and repl-diskless-sync-delay 0 until the cluster stands',
      '6 nodes: a config epoch of its own for each',
      '6 nodes: meet each other (15 pairs)',
      'h1:17201: add slots 0-5460',
      'h2:17202: add slots 5461-10922',
      'h3:17203: add slots 10923-16383',
      'wait until every node knows every other',
      'h4:17204: replicate h1:17201',
      'h5:17205: replicate h2:17202',
      'h6:17206: replicate h3:17203',
      'wait until all agree, say ok and every replica is linked',
      '6 nodes: cluster-node-timeout as before',
    ]);
    const { views, plan } = await look(args());
    expect(observedLayout(views)).toBe(change?.after);
    expect(plan.changes).toEqual([]);
    expect(await run(args())).toMatchObject({ changed: false, steps: [], findings: [] });
    const { cluster } = result as unknown as { cluster: { name: string; nodes: object[] } };
    expect(cluster.name).toBe('main');
    expect(cluster.nodes[3]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{40}$/),
      host: 'h4',
      port: 17204,
      zone: null,
      role: 'replica',
      slots: '',
      replica_of: 'h1:17201',
      link: 'up',
      version: '7.0.15',
    });
  });

  it('verifies without changing, and fails with all that is wrong', async () => {
    await startAll();
    await run(args());
    const verified = args({ state: 'verified', version: '7.0.15' });
    expect(await run(verified)).toMatchObject({ changed: false, findings: [] });
    await servers.kill(17204);
    await command(17201, ['CONFIG', 'SET', 'cluster-node-timeout', '9000']);
    const { plan } = await look({ ...verified, node_timeout: 5000, version: '7.0.14' });
    expect(plan.failed).toContain('h4:17204 (127.0.0.1:17204) refuses connections');
    expect(plan.failed).toContain('has cluster-node-timeout 9000, declared is 5000');
    expect(plan.failed).toContain('h2:17202 (127.0.0.1:17202) runs redis 7.0.15, declared is 7.0.14');
  });

  it('restores what a killed run left, from the config file where nothing is declared', async () => {
    await startAll();
    await run(args());
    await servers.kill(17203);
    const file = join(directory, '17203.conf');
    writeFileSync(file, 'Cluster-Node-Timeout 7000\n');
    await servers.start(17203, [], true, file);
    await run(args());
    await command(17203, ['CONFIG', 'SET', 'repl-diskless-sync-delay', '0']);
    await command(17203, ['CONFIG', 'SET', 'cluster-node-timeout', '2001']);
    const { plan } = await look(args());
    expect(plan.changes).toHaveLength(1);
    expect(await run(args())).toMatchObject({ changed: true, steps: ['h3:17203: cluster-node-timeout as before'] });
    expect(await command(17203, ['CONFIG', 'GET', 'cluster-node-timeout'])).toEqual(['cluster-node-timeout', '7000']);
    expect(await command(17203, ['CONFIG', 'GET', 'repl-diskless-sync-delay'])).toEqual([
      'repl-diskless-sync-delay',
      '5',
    ]);
  });

  it('takes a node from another cluster and its keys only when both are allowed for it', async () => {
    await startAll();
    await command(17206, ['CLUSTER', 'ADDSLOTS', '12182']);
    await command(17206, ['CONFIG', 'SET', 'cluster-require-full-coverage', 'no']);
    await expect.poll(async () => await command(17206, ['SET', 'foo', 'bar']), { timeout: 10_000 }).toBe('OK');
    const node = 'h6:17206';
    await expect(run(args())).rejects.toThrow(/h6:17206 .* holds 1 keys/);
    await expect(run(args({ allow: [{ node, may: 'reset' }] }))).rejects.toThrow(/permission to flush/);
    const allow: RedisClusterArgs['allow'] = [
      { node, may: 'reset' },
      { node, may: 'flush' },
    ];
    expect(await run(args({ allow }))).toMatchObject({ changed: true, findings: [] });
    expect(await run(args({ allow }))).toMatchObject({ changed: false, steps: [] });
  });

  it('does not guess in check mode what nodes will be that do not run yet', async () => {
    const env: PlanEnv = { ...real, check: true, changesPredicted: true };
    const { plan } = await look(args(), env);
    expect(plan.failed).toBeUndefined();
    expect(plan.changes[0]?.after).toMatchObject({ why: 'the nodes do not run yet' });
    expect((await look(args())).plan.failed).toContain('h1:17201 (127.0.0.1:17201) refuses connections');
  });

  it('refuses input that no cluster can be made of, all at once', () => {
    const env = undefined as never;
    const nodes = [...args().nodes, { host: 'h1', address: 'redis-1.example', port: 17201 }];
    expect(() => redisCluster.prepare?.(args({ nodes, allow: [{ node: 'h9:1', may: 'adopt' }] }), env)).toThrow(
      /redis-1\.example" is not an IP address.*both declared at h1:17201.*allow names h9:1/,
    );
    expect(() => redisCluster.prepare?.(args({ lost: [{ host: 'h3' }] }), env)).toThrow(
      /h3:17203 is declared as a node and as lost/,
    );
  });

  it('records the members on every host, once, and refuses them under another name', async () => {
    await startAll();
    await run(args());
    const file = (host: string, name: string) => join(directory, host, 'clusters', `${name}.json`);
    const record = readFileSync(file('h3', 'main'), 'utf8');
    expect(JSON.parse(record)).toEqual({
      cluster: 'main',
      nodes: ports.map((port, index) => ({
        host: `h${index + 1}`,
        port,
        address: '127.0.0.1',
        id: expect.stringMatching(/^[0-9a-f]{40}$/),
      })),
    });
    const { ino, mtimeMs } = statSync(file('h3', 'main'));
    expect(await run(args())).toMatchObject({ changed: false });
    expect(statSync(file('h3', 'main'))).toMatchObject({ ino, mtimeMs });

    const refused = /h1:17201 .* belongs to the cluster "main", not to "theirs": the record of it on h1 says so/;
    for (const state of ['present', 'possible', 'ours'] as const)
      await expect(run(args({ name: 'theirs', state }))).rejects.toThrow(refused);
    await Promise.all(ports.map(async (port) => await servers.kill(port)));
    await expect(run(args({ name: 'theirs', state: 'ours' }))).rejects.toThrow(/h6:17206 .* the record on h6 says so/);
    await run(args({ state: 'ours' }));
  });

  it('adopts a cluster that was renamed, each node by name, and records what a killed run did not', async () => {
    await startAll();
    await run(args());
    const allow = ports.map((port, index) => ({ node: `h${index + 1}:${port}`, may: 'adopt' as const }));
    await expect(run(args({ name: 'theirs', allow: allow.slice(1) }))).rejects.toThrow(
      /^nothing was changed: h1:17201/,
    );
    const { plan } = await look(args({ name: 'theirs', allow }), { ...real, check: true });
    expect(plan.changes.map(({ what }) => what)).toEqual(['record of cluster theirs on h1, h2, h3, h4, h5, h6']);
    expect(await run(args({ name: 'theirs', allow }))).toMatchObject({ changed: true, steps: [] });
    await expect(run(args())).rejects.toThrow(/belongs to the cluster "theirs"/);
    expect(await run(args({ name: 'theirs' }))).toMatchObject({ changed: false });
    rmSync(join(directory, 'h2'), { recursive: true });
    expect(await run(args({ name: 'theirs' }))).toMatchObject({ changed: true });
    expect(await run(args({ name: 'theirs' }))).toMatchObject({ changed: false });
  });
});
