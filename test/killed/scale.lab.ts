import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { figuresLine, type Load, startLoad } from '../load/load.ts';
import { clusterNodes, type Finished, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { survivesKills } from './killed.ts';

interface Hosts {
  hosts: Record<string, object>;
}

/** Three shards of two become five and three again, while clients write and a sampler looks at every node. */
describeLab('scale-out.yml and scale-in.yml under load', () => {
  const base = mkdtempSync('/tmp/rcdeploy-scale-test.');
  let lab: Lab;
  let load: Load;
  let source: string[];

  /** The lab's inventory with its first hosts, and those that shall leave. */
  function inventory(name: string, hosts: number, leaving: readonly string[] = []): string {
    const text = parse(readFileSync(lab.inventoryFile, 'utf8')) as { all: { children: Record<string, Hosts> } };
    const own = Object.entries(text.all.children.redis?.hosts ?? {}).slice(0, hosts);
    text.all.children.redis = { hosts: Object.fromEntries(own) };
    if (leaving.length > 0)
      text.all.children.redis_leaving = { hosts: Object.fromEntries(leaving.map((host) => [host, {}])) };
    writeFileSync(`${base}/${name}.yml`, stringify(text));
    return `${base}/${name}.yml`;
  }

  const args = (playbook: string, hosts: string): string[] => [
    'run',
    `playbooks/${playbook}.yml`,
    '-i',
    hosts,
    ...source,
  ];
  const out = () => args('scale-out', inventory('ten', 10));
  const into = () => args('scale-in', inventory('leaving', 10, ['h7', 'h8', 'h9', 'h10']));

  async function succeeds(words: readonly string[]): Promise<Finished> {
    const run = await rcdeploy(...words);
    expect(run.exit, failures(run)).toBe(0);
    return run;
  }

  const layout = (run: Finished): string[] =>
    clusterNodes(run)
      .map(({ host, role, slots, replica_of }) => `${host} ${role} ${slots} ${replica_of}`)
      .sort();

  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({ name: 'slots-scale', hosts: 10, zones: 3, replace: true });
    await succeeds(args('cluster', inventory('six', 6)));
    const client = new Cluster(lab.hosts.slice(0, 6).map(({ address }) => ({ host: address, port: 6379 })));
    const keys = Array.from({ length: 20_000 }, (_, index) => `filling:${index}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    client.disconnect();
    load = await startLoad({
      seeds: lab.hosts.slice(0, 6).map(({ address }) => ({ host: address, port: 6379 })),
      writers: 4,
    });
  }, 600_000);
  afterAll(async () => {
    load?.abandon();
    await lab?.down();
    rmSync(base, { recursive: true, force: true });
  });

  async function expectNothingLost(what: string): Promise<void> {
    const figures = await load.stop();
    console.log(figuresLine(what, figures));
    if (figures.mostOut > 1) console.log(figures.incidents.join('\n'));
    expect(figures).toMatchObject({ lost: 0, errors: [], wrongReads: 0 });
    expect(figures.mostDown).toBeLessThanOrEqual(1);
    expect(figures.mostOut).toBeLessThanOrEqual(1);
    expect(figures.acknowledged).toBeGreaterThan(500);
  }

  it('goes from three shards to five and back, and a second run changes nothing', async () => {
    await load.more(100);
    const grown = await succeeds(out());
    expect(
      new Set(
        layout(grown)
          .filter((line) => line.includes('master'))
          .map((line) => line.split(' ')[0]),
      ),
    ).toEqual(new Set(['h1', 'h2', 'h3', 'h7', 'h8']));
    const again = await succeeds(out());
    expect(Object.values(again.end?.stats ?? {}).reduce((sum, { changed }) => sum + changed, 0)).toBe(0);
    await load.more(100);
    const check = await rcdeploy(...into(), '--check');
    expect(check.exit, failures(check)).toBe(0);
    const shrunk = await succeeds(into());
    expect(layout(shrunk)).toEqual(layout(check));
    expect(layout(shrunk).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'h1 master',
      'h2 master',
      'h3 master',
      'h4 replica',
      'h5 replica',
      'h6 replica',
    ]);
    const stopped = await lab.host('h7').exec('ls /var/lib/redis; ps -e -o comm');
    expect(stopped.stdout).toMatch(/6379\.left-\d+T\d+Z/);
    expect(stopped.stdout).not.toContain('redis-server');
    const refused = await rcdeploy(...args('cluster', inventory('leaving', 10, ['h7', 'h8', 'h9', 'h10'])));
    expect(failures(refused)).toContain('h7, h8, h9, h10 shall leave the cluster: run scale-in.yml');
    await load.more(100);
    await expectNothingLost('scale out to five shards and in to three');
    load = await startLoad({
      seeds: lab.hosts.slice(0, 6).map(({ address }) => ({ host: address, port: 6379 })),
      writers: 4,
      prefix: 'killed',
    });
  }, 300_000);

  describe('killed and run again', () => {
    const roles = (run: Finished): string[] => layout(run).map((line) => line.split(' ').slice(0, 2).join(' '));
    survivesKills(
      { moments: 'random', prepare: async () => out(), outcome: roles },
      { moments: 'random', prepare: async () => into(), outcome: roles },
    );
  });

  it('lost nothing to all the kills', async () => {
    await load.more(100);
    await expectNothingLost('scale out and in, killed and run again');
  });
});
