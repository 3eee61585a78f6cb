import { afterAll, beforeAll, describe, expect } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { type Load, startLoad } from '../load/load.ts';
import { newerRedisSource } from '../redis-source.ts';
import { ClusterLab } from '../rolling/cluster-lab.ts';
import { survivesKills } from './killed.ts';

/** Killed runs leave a node down until the next one; never two of a shard, and no write is lost for it. */
async function endOf(load: Load | undefined): Promise<void> {
  const figures = await load?.stop();
  expect(figures, figures?.incidents.join('\n')).toMatchObject({ lost: 0, wrongReads: 0, errors: [], mostDown: 1 });
}

async function loadOn(cluster: ClusterLab): Promise<Load> {
  const load = await startLoad({ seeds: cluster.lab.hosts.map(({ address }) => ({ host: address, port: 6379 })) });
  await load.more(20);
  return load;
}

const runIds = async (cluster: ClusterLab): Promise<string[]> =>
  (await cluster.askAll('INFO', 'server')).map((info) => /run_id:(\w+)/.exec(info)?.[1] ?? info);

describeLab('rolling operations under load, killed and run again', () => {
  let cluster: ClusterLab;
  let load: Load | undefined;
  let before: string[] = [];
  let backlog = 300;
  beforeAll(async () => {
    cluster = await ClusterLab.up('rolling-killed');
  }, 600_000);
  afterAll(async () => {
    load?.abandon();
    await cluster?.lab.down();
  });

  describe('a setting that needs a restart', () => {
    survivesKills({
      moments: 'random',
      prepare: async () => {
        backlog += 1;
        cluster.declare({ redis_config: { 'repl-diskless-sync-delay': 0, 'tcp-backlog': backlog } });
        before = await runIds(cluster);
        load = await loadOn(cluster);
        return cluster.args('cluster');
      },
      outcome: async () => {
        await endOf(load);
        expect(new Set(await cluster.askAll('CONFIG', 'GET', 'tcp-backlog'))).toEqual(
          new Set([`tcp-backlog\n${backlog}`]),
        );
        expect((await runIds(cluster)).filter((id) => before.includes(id))).toEqual([]);
        await cluster.succeed('verify');
      },
    });
  });

  describe('a restart of all nodes', () => {
    survivesKills({
      moments: 'random',
      prepare: async () => {
        before = await runIds(cluster);
        load = await loadOn(cluster);
        return cluster.args('restart');
      },
      outcome: async () => {
        await endOf(load);
        expect((await runIds(cluster)).filter((id) => before.includes(id))).toEqual([]);
      },
    });
  });

  describe('maintenance of a zone', () => {
    const zone = (): string[] => cluster.lab.hosts.filter((host) => host.zone === 'z2').map(({ name }) => name);
    survivesKills({
      moments: 'random',
      prepare: async () => {
        await cluster.succeed('maintenance', '--limit', zone().join(','), '-e', 'back=true');
        load = await loadOn(cluster);
        return cluster.args('maintenance', '--limit', zone().join(','));
      },
      outcome: async () => {
        const up = await Promise.all(
          cluster.lab.hosts.map(async ({ name }) => [name, (await cluster.ask(name, 'PING')) === 'PONG'] as const),
        );
        expect(up.filter(([, isUp]) => !isUp).map(([name]) => name)).toEqual(zone());
        await cluster.succeed('maintenance', '--limit', zone().join(','), '-e', 'back=true');
        await endOf(load);
      },
    });
  });

  describe('an upgrade', () => {
    survivesKills({
      moments: 'random',
      prepare: async () => {
        await cluster.lab.down();
        cluster = await ClusterLab.up('rolling-killed');
        const { version, file, sha256 } = await newerRedisSource();
        cluster.declare({ redis_version: version, redis_source: file, redis_sha256: sha256 });
        load = await loadOn(cluster);
        return cluster.args('upgrade');
      },
      outcome: async () => {
        await endOf(load);
        const told = await cluster.askAll('INFO', 'server');
        return [...new Set(told.map((info) => /redis_version:([\d.]+)/.exec(info)?.[1]))];
      },
    });
  });
});
