import { afterAll, beforeAll, expect } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, clusterNodes, fromTarball } from '../main-job/rcdeploy.ts';
import { CLI, inventoryOf, succeeds, untilNode } from '../members/cluster-lab.ts';
import { survivesKills } from './killed.ts';

const SIX = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
const KEY = 'written-before';

describeLab('cluster.yml with a lost host and a new one, killed and run again', () => {
  let lab: Lab;
  let source: string[];
  beforeAll(async () => {
    source = await fromTarball();
  });
  afterAll(() => lab?.down());

  survivesKills({
    moments: 'random',
    async prepare() {
      lab = await labUp({ name: 'killed-lost', hosts: 7, replace: true });
      const before = inventoryOf(lab, 'before', { redis: SIX });
      const formed = clusterNodes(await succeeds('run', 'playbooks/cluster.yml', '-i', before, ...source));
      await lab.host('h1').exec(`${CLI} -c set ${KEY} kept; ${CLI} -c wait 1 1000`);
      const heir = formed.find((node) => node.replica_of === 'h1:6379')?.host ?? '';
      await lab.host('h1').crash();
      await untilNode(lab.host(heir), 'role', '^master');
      const site = inventoryOf(lab, 'after', { redis: [...SIX.slice(1), 'h7'], redis_lost: ['h1'] });
      return ['run', 'playbooks/cluster.yml', '-i', site, ...source];
    },
    async outcome(run) {
      const read = await lab.host('h2').exec(`${CLI} -c get ${KEY}`);
      expect(read.stdout.trim()).toBe('kept');
      const known = await Promise.all(
        SIX.slice(1).map(async (name) => (await lab.host(name).exec(`${CLI} cluster nodes`)).stdout),
      );
      expect(known.join('')).not.toContain(lab.host('h1').address);
      const site = inventoryOf(lab, 'after', { redis: [...SIX.slice(1), 'h7'], redis_lost: ['h1'] });
      expect(changedTasks(await succeeds('run', 'playbooks/cluster.yml', '-i', site, ...source))).toEqual([]);
      return clusterNodes(run)
        .map(({ host, port, role, slots, replica_of }) => `${host}:${port} ${role} ${slots} ${replica_of}`)
        .sort();
    },
  });
});
