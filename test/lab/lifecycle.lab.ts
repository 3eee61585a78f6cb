import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, it } from 'vitest';
import { labDown, labList, labOpen, labUp } from '../../src/lab/lab.ts';
import { describeLab } from './describe-lab.ts';
import { upElsewhere, upKilledAt } from './other-process.ts';
import { ssh } from './ssh.ts';
import { NOTHING, processesOf, traces } from './traces.ts';

const NAMES = ['test-one', 'test-two'];

describeLab('lab up and down', () => {
  afterEach(async () => {
    for (const name of NAMES) await labDown(name);
  });

  it('leaves nothing behind', async () => {
    const lab = await labUp({ name: 'test-one', hosts: 3, systemd: [2] });
    expect(await traces('test-one')).toMatchObject({ links: 4, mounts: 1, dirs: 1 });
    expect(await processesOf('test-one')).toBeGreaterThanOrEqual(6);
    await ssh(lab, 'root@h1', 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &');
    await lab.down();
    expect(await traces('test-one')).toEqual(NOTHING);
    expect(await processesOf('test-one')).toBe(0);
    expect(await labDown('test-one')).toBe(false);
  });

  it('keeps two labs apart', async () => {
    const [one, two] = await Promise.all(NAMES.map((name) => labUp({ name, hosts: 2 })));
    if (!one || !two) throw new Error('two labs were asked for');
    expect(one.subnet).not.toBe(two.subnet);
    const across = `timeout 1 bash -c 'exec 3<>/dev/tcp/${two.host('h1').address}/22'`;
    expect((await one.host('h1').exec(across)).stderr).toContain('Network is unreachable');
    await one.down();
    expect((await ssh(two, 'root@h2', 'hostname')).stdout).toBe('h2\n');
    expect((await labList()).map(({ name, state }) => [name, state])).toContainEqual(['test-two', 'up']);
  });

  it('refuses a name that is up, and replaces it when told to', async () => {
    const first = await labUp({ name: 'test-one', hosts: 1 });
    await expect(labUp({ name: 'test-one', hosts: 1 })).rejects.toThrow('up already: rcdeploy lab down test-one');
    const second = await labUp({ name: 'test-one', hosts: 2, replace: true });
    expect(second.host('h1').pid).not.toBe(first.host('h1').pid);
    const reopened = await labOpen('test-one');
    expect(reopened.hosts.map(({ pid }) => pid)).toEqual(second.hosts.map(({ pid }) => pid));
    expect((await reopened.host('h2').exec('hostname')).stdout).toBe('h2\n');
  });

  it('outlives its creator, and goes down without it', async () => {
    const creator = await upElsewhere('test-one', 3);
    creator.kill('SIGKILL');
    await once(creator, 'exit');
    const lab = await labOpen('test-one');
    expect((await ssh(lab, 'root@h3', 'hostname')).stdout).toBe('h3\n');
    await labDown('test-one');
    expect(await processesOf('test-one')).toBe(0);
    expect(await traces('test-one')).toEqual(NOTHING);
  });

  it('comes up after a creator that was killed half-way', async () => {
    for (const madeUntil of ['lab.json', 'disks', 'hosts', 'hosts/h2/init.stat', 'known_hosts']) {
      await upKilledAt('test-one', 2, madeUntil);
      const lab = await labUp({ name: 'test-one', hosts: 2 });
      expect((await ssh(lab, 'root@h2', 'hostname')).stdout).toBe('h2\n');
      await lab.down();
      // Hosts that were not recorded yet end by themselves, a moment after their creator.
      await expect.poll(() => processesOf('test-one')).toBe(0);
      expect(await traces('test-one')).toEqual(NOTHING);
    }
  });

  it('cleans up after a host that cannot start', async () => {
    const broken = labUp({ name: 'test-one', hosts: 2, perHost: { h2: { readOnly: ['/no/such/directory'] } } });
    await expect(broken).rejects.toThrow(/h2 ended while it started[\s\S]*no\/such\/directory/);
    expect(await traces('test-one')).toEqual(NOTHING);
  });

  it('says what is wrong with what it was asked for', async () => {
    await expect(labUp({ name: 'Über', hosts: 1 })).rejects.toThrow('lower-case letters');
    await expect(labUp({ name: 'test-one', hosts: 201 })).rejects.toThrow('1 to 200 hosts');
    await expect(labUp({ name: 'test-one', hosts: 1, perHost: { h2: {} } })).rejects.toThrow('perHost names h2');
    await expect(labUp({ name: 'test-one', hosts: 1, subnet: '127.0.0' })).rejects.toThrow('in use on this machine');
    const allowed = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
    if (allowed < 1200) {
      const many = labUp({ name: 'test-one', hosts: 200, systemd: 'all' });
      await expect(many).rejects.toThrow('sysctl fs.inotify.max_user_instances=2400');
    }
    await expect(labOpen('test-one')).rejects.toThrow("no lab 'test-one' on this machine");
  });
});
