import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { figuresLine, type Load, startLoad } from '../load/load.ts';
import { changedTasks, clusterNodes, type Finished, fromTarball } from '../main-job/rcdeploy.ts';
import { CLI, inventoryOf, type Site, succeeds, untilNode } from './cluster-lab.ts';

const SIX = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

describeLab('a host is lost without warning, under load', () => {
  let lab: Lab;
  let source: string[];
  let load: Load | undefined;

  async function cluster(site: Site): Promise<Finished> {
    return await succeeds('run', 'playbooks/cluster.yml', '-i', inventoryOf(lab, 'site', site), ...source);
  }

  async function loadOn(names: readonly string[]): Promise<Load> {
    load?.abandon();
    const seeds = names.map((name) => ({ host: lab.host(name).address, port: 6379 }));
    load = await startLoad({ seeds, writers: 3 });
    return load;
  }

  /** Powers the master of some shard off, and waits until its replica has the role in the eyes of another host. */
  async function crashMaster(nodes: ReturnType<typeof clusterNodes>): Promise<{ gone: string; heir: string }> {
    const replica = nodes.find(({ role }) => role === 'replica');
    const gone = replica?.replica_of?.split(':')[0] ?? '';
    const heir = replica?.host ?? '';
    await lab.host(gone).crash();
    await untilNode(lab.host(heir), 'role', '^master');
    return { gone, heir };
  }

  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({ name: 'members-loss', hosts: 7, replace: true });
  }, 600_000);
  afterAll(async () => {
    load?.abandon();
    await lab?.down();
  });

  it('given up and replaced by a new host: no acknowledged write is lost', async () => {
    const formed = await cluster({ redis: SIX });
    const clients = await loadOn(SIX);
    await clients.more(300);
    const { gone } = await crashMaster(clusterNodes(formed));
    const redis = [...SIX.filter((name) => name !== gone), 'h7'];
    const run = await cluster({ redis, redis_lost: [gone] });
    expect(clusterNodes(run).filter(({ role }) => role === 'replica')).toHaveLength(3);
    await clients.more(300);
    const figures = await clients.stop();
    console.log(figuresLine('loss of a host, replaced by another', figures));
    expect(figures).toMatchObject({ lost: 0, wrongReads: 0 });
    expect(figures.mostDown).toBeLessThanOrEqual(1);
    expect(changedTasks(await cluster({ redis, redis_lost: [gone] }))).toEqual([]);
    expect(changedTasks(await cluster({ redis }))).toEqual([]);
    await lab.host(gone).boot();
  }, 300_000);

  it('comes back with an empty disk: no acknowledged write is lost, and it joins afresh', async () => {
    const members = SIX.concat('h7');
    const listed = await Promise.all(
      members.map(async (name) => ((await lab.host(name).exec(`${CLI} ping`)).stdout.trim() === 'PONG' ? [name] : [])),
    );
    const redis = listed.flat();
    const clients = await loadOn(redis);
    await clients.more(300);
    const { gone, heir } = await crashMaster(clusterNodes(await cluster({ redis })));
    await lab.host(gone).boot();
    await lab.host(gone).exec('rm -rf /var/lib/redis /var/lib/rcdeploy /etc/redis /opt/redis');
    const run = await cluster({ redis });
    const back = clusterNodes(run).find(({ host }) => host === gone);
    expect(back).toMatchObject({ role: 'replica', replica_of: `${heir}:6379`, link: 'up' });
    await clients.more(300);
    const figures = await clients.stop();
    console.log(figuresLine('loss of a host, back with an empty disk', figures));
    expect(figures).toMatchObject({ lost: 0, wrongReads: 0 });
    expect(changedTasks(await cluster({ redis }))).toEqual([]);
  }, 300_000);
});
