import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { figuresLine, startLoad } from '../load/load.ts';
import { changedTasks, failures, fromTarball, rcdeploy, start } from '../main-job/rcdeploy.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** `rcdeploy cluster …`, the built one. */
async function cluster(...words: string[]): Promise<{ exit: number; out: string }> {
  return await run(process.execPath, [`${ROOT}dist/cli/main.js`, 'cluster', ...words]).then(
    ({ stdout }) => ({ exit: 0, out: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      exit: error.code,
      out: error.stdout + error.stderr,
    }),
  );
}

describeLab('stop.yml and start.yml', () => {
  let lab: Lab;
  const playbook = (name: string, ...more: string[]) =>
    rcdeploy('run', `playbooks/${name}.yml`, '-i', lab.inventoryFile, '-e', '{"redis_ports": [7000, 7001]}', ...more);
  const cli = async (host: number, port: number, words: string) =>
    (await lab.hosts[host]?.exec(`/opt/redis/current/bin/redis-cli -p ${port} ${words}`))?.stdout.trim();

  beforeAll(async () => {
    lab = await labUp({ name: 'stop-start', hosts: 3, systemd: [1], replace: true });
    const formed = await playbook('cluster', ...(await fromTarball()));
    expect(formed.exit, failures(formed)).toBe(0);
  }, 600_000);
  afterAll(() => lab?.down());

  it('keep every acknowledged write, also when the stop dies on the way and is run again', async () => {
    const seeds = lab.hosts.map(({ address }) => ({ host: address, port: 7000 }));
    const load = await startLoad({ seeds, writers: 3 });
    try {
      await load.more(300);
      const killed = start([
        'run',
        'playbooks/stop.yml',
        '-i',
        lab.inventoryFile,
        '-e',
        '{"redis_ports": [7000, 7001]}',
      ]);
      expect(await cli(0, 7001, 'PING')).toBe('PONG');
      await expect.poll(() => cli(0, 7001, 'PING'), { timeout: 30_000, interval: 50 }).not.toBe('PONG');
      killed.child.kill('SIGKILL');
      await killed.finished;
      const stopped = await playbook('stop');
      expect(stopped.exit, failures(stopped)).toBe(0);
      for (const host of lab.hosts) expect((await host.exec('pgrep -c redis-server')).stdout.trim()).toBe('0');
      const foretold = await playbook('start', '--check');
      expect(foretold.exit, failures(foretold)).toBe(0);
      const started = await playbook('start');
      expect(started.exit, failures(started)).toBe(0);
      await load.more(100);
      const figures = await load.stop();
      console.log(figuresLine('stop and start', figures));
      expect(figures).toMatchObject({ lost: 0, wrongReads: 0 });
    } finally {
      load.abandon();
    }
  }, 120_000);

  it('leave a cluster that can be looked at from its inventory, and from one node through one host', async () => {
    const look = (...words: string[]) => cluster('check', ...words, '-i', lab.inventoryFile);
    const whole = await look('-e', '{"redis_ports": [7000, 7001]}');
    expect(whole.out).toContain('[OK] All 6 nodes are as they should be.');
    expect(whole.exit).toBe(0);
    const [first, second] = lab.hosts;
    const through = await look(`${first?.address}:7001`, '--via', String(second?.name));
    expect(through.out).toContain('[OK] All 6 nodes are as they should be.');
    const unknown = await look(`${first?.address}:7001`, '--via', `root@${first?.address}`);
    expect(unknown.exit).toBe(4);
    expect(unknown.out).toMatch(/host key/i);
  });

  it('change nothing when they are run again', async () => {
    const again = await playbook('start');
    expect(again.exit, failures(again)).toBe(0);
    expect(changedTasks(again)).toEqual([]);
  });

  it('stop nothing while a master holds keys that would be lost', async () => {
    const client = new Cluster(lab.hosts.map(({ address }) => ({ host: address, port: 7000 })));
    await client.set('foo', 'bar');
    client.disconnect();
    for (const host of [0, 1, 2]) {
      for (const port of [7000, 7001]) {
        await cli(host, port, 'CONFIG SET appendonly no');
        await cli(host, port, "CONFIG SET save ''");
      }
    }
    const refused = await playbook('stop');
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toContain('hold keys and save none');
    expect(changedTasks(refused)).toEqual([]);
    expect(await cli(0, 7001, 'PING')).toBe('PONG');
  });
});
