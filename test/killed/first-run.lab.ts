import { afterAll, beforeAll, expect } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { clusterNodes, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { survivesKills } from './killed.ts';

describeLab('cluster.yml on bare hosts, killed and run again', () => {
  let lab: Lab;
  let source: string[];

  const fresh = async (): Promise<string[]> => {
    lab = await labUp({ name: 'killed-first', hosts: 6, systemd: [1, 2], replace: true });
    return ['run', 'playbooks/cluster.yml', '-i', lab.inventoryFile, ...source];
  };

  // Compiling Redis happens once on this machine; moments are to be spread over what every first run does.
  beforeAll(async () => {
    source = await fromTarball();
    const warm = await rcdeploy(...(await fresh()));
    expect(warm.exit, failures(warm)).toBe(0);
  }, 600_000);
  afterAll(() => lab?.down());

  survivesKills({
    moments: 'even',
    prepare: fresh,
    /** Roles and slots by host. */
    outcome: (run) =>
      clusterNodes(run)
        .map(({ host, port, role, slots, replica_of }) => `${host}:${port} ${role} ${slots} ${replica_of}`)
        .sort(),
  });
});
