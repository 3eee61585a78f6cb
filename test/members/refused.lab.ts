import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { inventoryOf, stepsSent, succeeds } from './cluster-lab.ts';

const OURS = ['h1', 'h2', 'h3', 'h4'];
const THEIRS = ['h5', 'h6', 'h7'];

describeLab('what is not ours or not gone is refused by name', () => {
  let lab: Lab;
  let source: string[];
  let before: string[];

  /** Runs it twice, for real and in check mode: both must say why, and no node may be sent anything by either. */
  async function expectRefused(playbook: string, inventory: string, why: RegExp, ...more: string[]): Promise<void> {
    const args = [`playbooks/${playbook}.yml`, '-i', inventory, ...source, ...more];
    for (const command of ['run', 'plan']) {
      const run = await rcdeploy(command, ...args);
      expect(run.exit).toBe(2);
      expect(failures(run)).toMatch(why);
    }
    expect(await stepsSent(lab.hosts)).toEqual(before);
  }

  beforeAll(async () => {
    source = [...(await fromTarball()), '-e', 'redis_replicas=0'];
    lab = await labUp({ name: 'members-refused', hosts: 7, replace: true });
    await succeeds('run', 'playbooks/cluster.yml', '-i', inventoryOf(lab, 'ours', { redis: OURS }), ...source);
    const theirs = inventoryOf(lab, 'theirs', { redis: THEIRS, name: 'theirs' });
    await succeeds('run', 'playbooks/cluster.yml', '-i', theirs, ...source);
    before = await stepsSent(lab.hosts);
    expect(before.join()).toMatch(/meet/);
  }, 600_000);
  afterAll(() => lab?.down());

  it('a live host in redis_lost', async () => {
    const site = inventoryOf(lab, 'live', { redis: ['h1', 'h2', 'h3'], redis_lost: ['h4'] });
    await expectRefused('cluster', site, /h4:6379 of the lost hosts is not gone: it is seen alive by h1:6379/);
  });

  it('an address that is a node of another cluster', async () => {
    const site = inventoryOf(lab, 'mixed', { redis: [...OURS, 'h5'] });
    await expectRefused('cluster', site, /h5:6379 .* belongs to the cluster "theirs", not to "main"/);
  });

  it('all of another cluster under our name', async () => {
    const site = inventoryOf(lab, 'renamed', { redis: THEIRS });
    await expectRefused('cluster', site, /h5:6379 .* belongs to the cluster "theirs", not to "main"/);
  });

  it("destroying with another cluster's inventory", async () => {
    const site = inventoryOf(lab, 'other', { redis: OURS, name: 'theirs' });
    const confirmed = ['-e', 'confirm=theirs'];
    await expectRefused('destroy', site, /h1:6379 .* belongs to the cluster "main", not to "theirs"/, ...confirmed);
    const running = await Promise.all(OURS.map(async (name) => (await lab.host(name).exec('pgrep redis-server')).rc));
    expect(running).toEqual([0, 0, 0, 0]);
  });

  it('destroying it with its own takes the record along, so that the hosts are free again', async () => {
    const theirs = inventoryOf(lab, 'theirs', { redis: THEIRS, name: 'theirs' });
    await succeeds('run', 'playbooks/destroy.yml', '-i', theirs, ...source, '-e', 'confirm=theirs');
    expect((await lab.host('h5').exec('ls /var/lib/rcdeploy/clusters')).stdout).toBe('');
  });
});
