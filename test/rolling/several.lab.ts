import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { clusterNodes, failures } from '../main-job/rcdeploy.ts';
import { ClusterLab, expectNoHarm } from './cluster-lab.ts';

const SETTINGS = fileURLToPath(new URL('../../playbooks/vars/settings.yml', import.meta.url));
const HOOKS = '/var/tmp/hooks';

/** From the command before a node's stop to the one after its return, in nanoseconds of the clock that all hosts share. */
interface Away {
  readonly node: string;
  readonly from: bigint;
  readonly until: bigint;
}

describeLab('several nodes at once, with two replicas for each master', () => {
  const base = mkdtempSync('/tmp/rcdeploy-several-test.');
  const vars = { redis_ports: [7000, 7001, 7002], redis_replicas: 2 };
  let cluster: ClusterLab;
  beforeAll(async () => {
    cluster = await ClusterLab.up('rolling-several', { hosts: 3, systemd: [1] }, vars);
  }, 600_000);
  afterAll(async () => {
    await cluster?.lab.down();
    rmSync(base, { recursive: true, force: true });
  });

  function playbook(canary: string): string {
    const hook = (when: string): string => `echo ${when} $RCDEPLOY_NODE $(date +%s%N) >> ${HOOKS}`;
    const rolling = {
      name: '{{ rc_cluster }}',
      when: 'always',
      nodes: '{{ rc_processes }}',
      ...{ canary, parallel: 3, per_zone: 2, before: hook('before'), after: hook('after') },
    };
    const tasks = [{ redis_rolling: rolling, run_once: true }];
    const file = join(base, 'rolling.yml');
    writeFileSync(file, JSON.stringify([{ hosts: 'redis', gather_facts: true, vars_files: [SETTINGS], tasks }]));
    return file;
  }

  async function hooksRun(): Promise<Away[]> {
    const texts = await Promise.all(cluster.lab.hosts.map((host) => host.exec(`cat ${HOOKS}`)));
    const lines = texts.flatMap(({ stdout }) => stdout.trim().split('\n')).map((line) => line.split(' '));
    const times = (when: string, node: string): bigint[] =>
      lines.flatMap(([word, of, time = '']) => (word === when && of === node ? [BigInt(time)] : []));
    return [...new Set(lines.map(([, node = '']) => node))].map((node) => {
      const [before, after] = [times('before', node), times('after', node)];
      expect([node, before.length, after.length]).toEqual([node, 1, 1]);
      return { node, from: before[0] ?? 0n, until: after[0] ?? 0n };
    });
  }

  /** The most of these that were away at one moment. */
  function mostAtOnce(away: readonly Away[]): number {
    return Math.max(0, ...away.map(({ from }) => away.filter((one) => one.from <= from && from < one.until).length));
  }

  it('restarts a named canary alone, then of three shards a node each, never three of a zone, with commands around each', async () => {
    const nodes = clusterNodes(await cluster.succeed('verify'));
    const shards = new Map(
      nodes.map(({ host, port, replica_of }) => [`${host}:${port}`, replica_of ?? `${host}:${port}`]),
    );
    const canary = nodes.findLast(({ role }) => role === 'replica');
    const name = `${canary?.host}:${canary?.port}`;
    const figures = await cluster.underLoad('restart of 9 nodes, three at once', async () => {
      const finished = await cluster.run(playbook(name));
      expect(finished.exit, failures(finished)).toBe(0);
    });
    // After a failover the old master and the other replica connect to the new one at the same moment, whoever asked for it.
    expect(figures.mostOut, figures.incidents.join('\n')).toBeLessThanOrEqual(2);
    expectNoHarm({ ...figures, mostOut: 1 });
    const away = await hooksRun();
    expect(away.map(({ node }) => node).sort()).toEqual([...shards.keys()].sort());
    const first = away.find(({ node }) => node === name);
    const others = away.filter(({ node }) => node !== name);
    expect(others.every(({ from }) => first !== undefined && from >= first.until)).toBe(true);
    expect(mostAtOnce(away)).toBe(3);
    const zones = cluster.lab.hosts.map((host) => others.filter(({ node }) => node.startsWith(`${host.name}:`)));
    expect(Math.max(...zones.map(mostAtOnce))).toBe(2);
    const byShard = [...new Set(shards.values())].map((shard) => away.filter(({ node }) => shards.get(node) === shard));
    expect(byShard.map((own) => [own.length, mostAtOnce(own)])).toEqual([
      [3, 1],
      [3, 1],
      [3, 1],
    ]);
  });
});
