import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { type Finished, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { until } from '../redis/servers.ts';
import { survivesKills } from './killed.ts';

describeLab('backup.yml and restore.yml over SSH, killed and run again', () => {
  const base = mkdtempSync('/tmp/rcdeploy-restore-test.');
  let lab: Lab;
  let client: Cluster;
  const KEYS = 20_000;

  /** `backup` is restored again and again, each time into the cluster made empty. */
  beforeAll(async () => {
    lab = await labUp({ name: 'killed-restore', hosts: 6, systemd: [1], replace: true });
    const formed = await rcdeploy('run', 'playbooks/cluster.yml', '-i', lab.inventoryFile, ...(await fromTarball()));
    expect(formed.exit, failures(formed)).toBe(0);
    client = new Cluster(lab.hosts.map(({ address }) => ({ host: address, port: 6379 })));
    const values = Array.from({ length: KEYS }, (_, index) => index);
    await Promise.all(values.map((index) => client.set(`key:${index}`, `value ${index}`, 'PX', 7_200_000 + index)));
    await client.set('large', 'x'.repeat(9_000_000));
    const made = await backup('one');
    expect(made.exit, failures(made)).toBe(0);
  }, 600_000);
  afterAll(async () => {
    client?.disconnect();
    await lab?.down();
    rmSync(base, { recursive: true, force: true });
  });

  const backupArgs = (label: string): string[] => [
    ...['run', 'playbooks/backup.yml', '-i', lab.inventoryFile],
    ...['-e', JSON.stringify({ redis_backup_dir: base, redis_backup_label: label })],
  ];
  const backup = async (label: string): Promise<Finished> => await rcdeploy(...backupArgs(label));

  async function expectNothingLeftOnHosts(): Promise<void> {
    for (const host of lab.hosts) {
      expect((await host.exec('ls -A /var/lib/redis/6379')).stdout).not.toContain('.rcdeploy');
    }
  }

  it('backs up once for a label, and leaves nothing on the hosts', async () => {
    const again = await backup('one');
    expect(again.exit, failures(again)).toBe(0);
    expect(Object.values(again.end?.stats ?? {}).every(({ changed }) => changed === 0)).toBe(true);
    expect(readdirSync(base)).toEqual(['one']);
    expect(readdirSync(join(base, 'one'))).toHaveLength(4);
    await expectNothingLeftOnHosts();
  });

  describe('a backup', () => {
    let count = 0;
    survivesKills({
      moments: 'even',
      async prepare() {
        count += 1;
        // A second name of a node's file, as a killed backup leaves it, also where the next one takes no file from.
        const pin = 'cd /var/lib/redis/6379 && touch dump.rdb && ln -f dump.rdb .rcdeploy-backup-dump.rdb';
        await Promise.all(lab.hosts.map((host) => host.exec(pin)));
        return backupArgs(`killed-${count}`);
      },
      async outcome() {
        await expectNothingLeftOnHosts();
        expect(readdirSync(base).filter((name) => name.startsWith('.'))).toEqual([]);
        const { shards } = JSON.parse(readFileSync(join(base, `killed-${count}`, 'manifest.json'), 'utf8'));
        return shards.map(({ slots, keys }: { slots: string; keys: number }) => `${slots}: ${keys} keys`).sort();
      },
    });
  });

  describe('a restore', () =>
    survivesKills({
      moments: 'even',
      async prepare() {
        await Promise.all(client.nodes('master').map((node) => node.flushall()));
        return [
          'run',
          'playbooks/restore.yml',
          '-i',
          lab.inventoryFile,
          '-e',
          `redis_restore_from=${join(base, 'one')}`,
        ];
      },
      async outcome() {
        const sizes = await Promise.all(client.nodes('master').map((node) => node.dbsize()));
        const [first, last, large] = await Promise.all([
          client.get('key:0'),
          client.pttl(`key:${KEYS - 1}`),
          client.get('large'),
        ]);
        for (const host of lab.hosts) {
          // A server that loaded a file ends within a second of the run that it served, and takes its files along.
          const isClean = async () =>
            (await host.exec('ls -A /var/lib/redis/6379 | grep -c rcdeploy; pgrep -c redis-server')).stdout ===
            '0\n1\n';
          await until(isClean, `${host.name} to be clean`);
        }
        return [sizes.reduce((sum, size) => sum + size, 0), first, (last ?? 0) > 6_000_000, large?.length];
      },
    }));
});
