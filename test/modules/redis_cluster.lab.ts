import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApplyContext, Plan, PlanEnv, Result } from '../../src/modules/contract.ts';
import type { RedisClusterArgs } from '../../src/modules/generated/redis_cluster.ts';
import { redisCluster } from '../../src/modules/redis_cluster.ts';
import { observedLayout } from '../../src/redis/cluster/report.ts';
import type { NodeView } from '../../src/redis/node/observe.ts';
import type { Reply } from '../../src/transport/contract.ts';
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
    allow: [],
    canary: true,
    wait: false,
    timeout: 15,
    ...changes,
  };
}

const sh = async (script: string): Promise<Reply> =>
  await new Promise((resolve) => {
    execFile('sh', ['-c', script], (error, stdout, stderr) => resolve({ rc: error ? 1 : 0, stdout, stderr }));
  });

const context: ApplyContext = {
  host: 'h1',
  diff: true,
  signal: new AbortController().signal,
  cacheDir: tmpdir(),
  sh,
  on: () => ({ sh }),
  query: ask,
  link: askKept,
  openStream: async (to) => await openLocal('port' in to ? to : { address: '', port: 0 })(),
  once: async (_, work) => await work(),
  progress: () => undefined,
  output: () => undefined,
  sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
};

async function look(given: RedisClusterArgs, env = real): Promise<{ views: readonly NodeView[]; plan: Plan }> {
  const nodes = await Promise.all((redisCluster.read(given).nodes ?? []).map(ask));
  const views = redisCluster.parse({ reply: { rc: 0, stdout: '', stderr: '' }, nodes }, given);
  return { views, plan: redisCluster.plan(views, given, env) };
}

async function run(given: RedisClusterArgs): Promise<Result> {
  const { views, plan } = await look(given);
  if (plan.failed !== undefined) throw new Error(plan.failed);
  if (plan.changes.length === 0 && plan.applies !== true) return { changed: false, ...plan.result };
  return await redisCluster.apply(plan, given, context, views);
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
      /redis-1\.example" is not an IP address.*both declared at h1:17201.*allow names h9:1.*not supported yet/,
    );
  });
});
