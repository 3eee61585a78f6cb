import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { type ClusterNode, changedTasks, clusterNodes, failures, fromTarball, rcdeploy } from './rcdeploy.ts';

/** What must not differ when nothing changed: identities of processes, and of the files that were written. */
const WITNESSES = `for cli in /opt/redis/current/bin/redis-cli; do
for conf in /etc/redis/*/redis.conf; do port=$(basename "$(dirname "$conf")")
$cli -p "$port" info server | grep -E '^(run_id|process_id)'; stat -c '%n %i %Y' "$conf"; done; done`;

async function witnesses(lab: Lab): Promise<string[]> {
  return Promise.all(lab.hosts.map(async (host) => `${host.name} ${(await host.exec(WITNESSES)).stdout}`));
}

function expectThreeShards(nodes: readonly ClusterNode[]): void {
  const masters = nodes.filter(({ role }) => role === 'master');
  expect(masters.map(({ slots }) => slots).sort()).toEqual(['0-5460', '10923-16383', '5461-10922']);
  for (const replica of nodes.filter(({ role }) => role === 'replica')) {
    const master = masters.find(({ host, port }) => replica.replica_of === `${host}:${port}`);
    expect(replica.link).toBe('up');
    expect(master?.zone).toBeDefined();
    expect(replica.zone).not.toBe(master?.zone);
    expect(replica.host).not.toBe(master?.host);
  }
  expect(nodes.filter(({ role }) => role === 'replica')).toHaveLength(nodes.length - 3);
}

/** The first deployment compiles Redis, about a minute on two idle cores. */
const WITH_BUILD_MS = 600_000;

describeLab('from bare hosts to a verified cluster', () => {
  const labs: Lab[] = [];
  let source: string[];
  beforeAll(async () => {
    source = await fromTarball();
  });
  afterAll(async () => {
    for (const lab of labs) await lab.down();
  });

  it(
    'six hosts, systemd on some, from a source tarball; again: nothing changes',
    async () => {
      const lab = await labUp({ name: 'deploy6', hosts: 6, systemd: [1, 2, 3], replace: true });
      labs.push(lab);
      const run = () => rcdeploy('run', 'playbooks/cluster.yml', '-i', lab.inventoryFile, ...source);
      const first = await run();
      expect(first.exit, failures(first)).toBe(0);
      expectThreeShards(clusterNodes(first));
      expect((await lab.host('h1').exec('systemctl is-active redis@6379')).stdout.trim()).toBe('active');
      expect((await lab.host('h4').exec('ls /etc/systemd/system/redis@.service')).rc).not.toBe(0);

      const before = await witnesses(lab);
      const second = await run();
      expect(second.exit, failures(second)).toBe(0);
      expect(changedTasks(second)).toEqual([]);
      expect(await witnesses(lab)).toEqual(before);

      const verified = await rcdeploy('run', 'playbooks/verify.yml', '-i', lab.inventoryFile, ...source);
      expect(verified.exit, failures(verified)).toBe(0);
      const other = await rcdeploy('run', 'playbooks/verify.yml', '-i', lab.inventoryFile, '-e', 'redis_version=8.2.8');
      expect(other.exit).toBe(2);
      expect(failures(other)).toMatch(/h6:6379 .*runs redis 7\.0\.15, declared is 8\.2\.8/);
      const moved = await lab
        .host('h1')
        .exec('printf "set foo bar\\nget foo\\n" | /opt/redis/current/bin/redis-cli -c -p 6379');
      expect(moved.stdout.trim().split('\n')).toEqual([
        expect.stringMatching(/^-> Redirected to slot \[12182\] located at /),
        'OK',
        'bar',
      ]);
    },
    WITH_BUILD_MS,
  );

  it(
    'two nodes per host on three hosts: no replica in the zone of its master',
    async () => {
      const lab = await labUp({ name: 'deploy3', hosts: 3, zones: 3, replace: true });
      labs.push(lab);
      const args = ['-i', lab.inventoryFile, ...source, '-e', '{"redis_ports": [7000, 7001]}'];
      const first = await rcdeploy('run', 'playbooks/cluster.yml', ...args);
      expect(first.exit, failures(first)).toBe(0);
      expect(clusterNodes(first)).toHaveLength(6);
      expectThreeShards(clusterNodes(first));
      const second = await rcdeploy('run', 'playbooks/cluster.yml', ...args);
      expect(changedTasks(second)).toEqual([]);
    },
    WITH_BUILD_MS,
  );
});
