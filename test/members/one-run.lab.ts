import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { fromTarball, start } from '../main-job/rcdeploy.ts';
import { CLI, inventoryOf, succeeds } from './cluster-lab.ts';

/** What each run would change on its hosts; the server says afterwards whose it was. */
const PLAYBOOK = `- hosts: "{{ where }}"
  gather_facts: false
  tasks:
    - name: Change something of the nodes
      redis_command:
        nodes: [{ host: "{{ inventory_hostname }}", address: "{{ ansible_host }}", port: 6379 }]
        command: [CONFIG, SET, maxmemory-samples, "{{ samples }}"]
    - name: Be at work until the other run has ended
      shell: until [ -e /srv/other-has-ended ]; do sleep 0.1; done
`;

describeLab('one run at a time on a cluster', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'members-one-run', hosts: 4, replace: true });
    const source = [...(await fromTarball()), '-e', 'redis_replicas=0'];
    const site = inventoryOf(lab, 'whole', { redis: ['h1', 'h2', 'h3', 'h4'] });
    await succeeds('run', 'playbooks/cluster.yml', '-i', site, ...source);
    writeFileSync(`${lab.dir}/change.yml`, PLAYBOOK);
  }, 600_000);
  afterAll(() => lab?.down());

  const samples = async (): Promise<string[]> =>
    await Promise.all(
      lab.hosts.map(async (host) => (await host.exec(`${CLI} config get maxmemory-samples | tail -1`)).stdout.trim()),
    );

  /** The same hosts under other names, as another control directory may have them. */
  function renamed(inventory: string): string {
    const path = inventory.replace(/yml$/, 'renamed.yml');
    writeFileSync(path, readFileSync(inventory, 'utf8').replace(/\bh(\d):/g, 'redis-$1:'));
    return path;
  }

  it.each([
    ['disjoint limits of one group', ['where=redis'], ['-l', 'h3,h4'], false],
    ['plays on different hosts', ['where=h3,h4'], [], false],
    ['plays on different hosts, from an inventory with other names', ['where=redis-3,redis-4'], [], true],
  ])('%s: the second is refused, changes nothing, and names the first', async (_, where, limit, renames) => {
    await Promise.all(
      lab.hosts.map((host) => host.exec(`rm -f /srv/other-has-ended; ${CLI} config set maxmemory-samples 5`)),
    );
    const site = inventoryOf(lab, 'site', { redis: ['h1', 'h2', 'h3', 'h4'] });
    const run = (inventory: string, ...more: string[]) =>
      start(['run', `${lab.dir}/change.yml`, '-i', inventory, ...more]);
    const first = run(
      site,
      '-l',
      'h1,h2',
      '-e',
      `where=${renames || limit.length === 0 ? 'h1,h2' : 'redis'}`,
      '-e',
      'samples=7',
    );
    await lab.host('h1').exec(`until [ "$(${CLI} config get maxmemory-samples | tail -1)" = 7 ]; do sleep 0.05; done`, {
      timeoutMs: 20_000,
    });
    const more = where.flatMap((one) => ['-e', one]);
    const second = await run(renames ? renamed(site) : site, ...limit, ...more, '-e', 'samples=9').finished;
    await Promise.all(lab.hosts.map((host) => host.exec('touch /srv/other-has-ended')));
    const { exit } = await first.finished;
    expect(exit).toBe(0);
    expect(second.exit).toBe(3);
    expect(second.end?.message).toMatch(
      new RegExp(`another run holds the lock of \\S+: \\S+ on \\S+ \\(pid ${first.child.pid}\\), since .*change\\.yml`),
    );
    expect(await samples()).toEqual(['7', '7', '5', '5']);
  });
});
