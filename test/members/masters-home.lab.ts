import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, clusterNodes, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { CLI, inventoryOf, succeeds, untilNode } from './cluster-lab.ts';

const SIX = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

describeLab('masters that an incident left in one zone', () => {
  let lab: Lab;
  let site: string;
  let source: string[];
  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({ name: 'members-home', hosts: 6, replace: true });
    site = inventoryOf(lab, 'site', { redis: SIX });
  });
  afterAll(() => lab?.down());

  it('go back with one failover, which check mode foretells, and stay', async () => {
    const formed = clusterNodes(await succeeds('run', 'playbooks/cluster.yml', '-i', site, ...source));
    const masters = formed.filter(({ role }) => role === 'master');
    // The replica in the zone of another master takes over: two masters are in one zone then, and one zone has none.
    const astray = formed.find(({ role, zone }) => role === 'replica' && masters.some((one) => one.zone === zone));
    const home = astray?.replica_of?.split(':')[0] ?? '';
    await lab.host(astray?.host ?? '').exec(`${CLI} cluster failover`);
    await untilNode(lab.host(home), 'info replication', 'master_link_status:up');
    const nodes = formed.map(({ host, port, zone }) => ({ host, port, zone, address: lab.host(host).address }));
    writeFileSync(
      `${lab.dir}/home.yml`,
      JSON.stringify([
        {
          hosts: 'redis',
          gather_facts: false,
          tasks: [{ name: 'Masters back to their zones', redis_masters: { nodes }, run_once: true }],
        },
      ]),
    );
    const check = await rcdeploy('plan', `${lab.dir}/home.yml`, '-i', site);
    const [foretold] = check.events.flatMap((event) =>
      event.event === 'result' && event.status === 'changed' ? [event.diff?.map(({ after }) => after)] : [],
    );
    expect(foretold).toEqual([expect.stringContaining(`${home}:6379`)]);
    const run = await succeeds('run', `${lab.dir}/home.yml`, '-i', site);
    const [done] = run.events.flatMap((event) => (event.event === 'result' ? [event.result.failovers] : []));
    expect(done).toEqual([expect.objectContaining({ promoted: `${home}:6379`, demoted: `${astray?.host}:6379` })]);
    expect(changedTasks(await succeeds('run', `${lab.dir}/home.yml`, '-i', site))).toEqual([]);
    await succeeds('run', 'playbooks/verify.yml', '-i', site, ...source);
  });
});
