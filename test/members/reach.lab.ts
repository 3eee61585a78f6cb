import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { type Finished, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { inventoryOf, succeeds } from './cluster-lab.ts';

describeLab('hosts that do not reach each other', () => {
  let lab: Lab;
  let args: string[];
  beforeAll(async () => {
    lab = await labUp({ name: 'members-reach', hosts: 3, replace: true });
    const site = inventoryOf(lab, 'site', { redis: ['h1', 'h2', 'h3'] });
    args = ['run', 'playbooks/cluster.yml', '-i', site, ...(await fromTarball()), '-e', 'redis_replicas=0'];
  });
  afterAll(() => lab?.down());

  const tried = (run: Finished) =>
    run.events.flatMap((event) =>
      event.event === 'result' && event.module === 'redis_reach' ? [event.result.tried ?? null] : [],
    );

  it('are named by ordered pair and port before any node starts, and nothing of the attempt is left', async () => {
    await lab.host('h2').drop({ port: 16379 });
    await lab.host('h3').drop({ peer: lab.host('h1').address });
    const run = await rcdeploy(...args);
    expect(run.exit).toBe(2);
    const said = failures(run);
    const [one, two, three] = ['h1', 'h2', 'h3'].map((name) => lab.host(name).address);
    expect(said).toContain(`from h1, h3 to h2 port 16379 (${two}:16379): no answer within 3000 ms`);
    for (const port of [6379, 16379]) {
      expect(said).toContain(`from h1 to h3 port ${port} (${three}:${port}): no answer`);
      expect(said).toContain(`from h3 to h1 port ${port} (${one}:${port}): no answer`);
    }
    expect(said).not.toMatch(/to h2 port 6379/);
    for (const host of lab.hosts) expect((await host.exec('pgrep redis-server; ls /etc/redis')).stdout).toBe('');
  });

  it('are named by the preflight too, where there is a server to listen with', async () => {
    const preflight = args.map((word) => word.replace('cluster.yml', 'preflight.yml'));
    const run = await rcdeploy(...preflight);
    expect(run.exit).toBe(2);
    expect(failures(run)).toContain('from h1, h3 to h2 port 16379');
    await lab.host('h3').exec('mv /opt/redis/current /opt/redis/aside');
    const without = await succeeds(...preflight);
    expect(JSON.stringify(without.events)).toContain('no server yet on h3 to listen with');
    await lab.host('h3').exec('mv /opt/redis/aside /opt/redis/current');
  });

  it('are tried once, and no more when the nodes run', async () => {
    await Promise.all(lab.hosts.map((host) => host.undrop()));
    expect(tried(await succeeds(...args))).toEqual([12]);
    expect(tried(await succeeds(...args))).toEqual([null]);
  });
});
