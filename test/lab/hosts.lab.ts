import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from './describe-lab.ts';
import { sftp, ssh } from './ssh.ts';

let lab: Lab;

describeLab('lab hosts', () => {
  beforeAll(async () => {
    lab = await labUp({
      name: 'test-hosts',
      hosts: 5,
      replace: true,
      systemd: [5],
      everyHost: { root: { password: 'root pass' } },
      perHost: {
        h1: {
          users: [
            { name: 'deploy', password: 'geheim', sudo: 'password', doas: 'password' },
            { name: 'free', sudo: 'nopasswd', doas: 'nopasswd' },
            { name: 'oldhat', sudo: 'requiretty' },
            { name: 'fisher', shell: 'fish', profile: 'echo fish banner' },
            { name: 'tesla', shell: 'tcsh', profile: 'echo tcsh banner' },
            { name: 'ashley', shell: 'ash' },
            { name: 'noisy', shell: 'bash', profile: 'echo noisy banner; umask 077' },
          ],
        },
        h2: {
          tmp: { size: '1m', noexec: true },
          readOnly: ['/opt'],
          lang: 'zh_CN.UTF-8',
          sshd: ['MaxSessions 1', 'AllowTcpForwarding no'],
          sftp: false,
        },
        h3: { busybox: true },
      },
    });
  });

  afterAll(() => lab?.down());

  it('show a freshly installed system', async () => {
    const host = lab.host('h4');
    await expect(host.exec('ls -A /opt /tmp /home /root /srv')).resolves.toMatchObject({
      stdout: '/home:\n\n/opt:\n\n/root:\n.ssh\n\n/srv:\n\n/tmp:\n',
    });
    const leftovers =
      'ls -d /etc/redis* /var/lib/redis* /usr/bin/redis* /var/lib/rcdeploy; id redis; dpkg-statoverride --list | grep redis; dpkg -s redis-server';
    const found = await host.exec(leftovers);
    expect(found.stdout).toBe('');
    expect(found.stderr).toContain('no such user');
    expect(await ssh(lab, 'root@h4', 'hostname; command -v gcc; ls -ld / /root | cut -c1-10')).toEqual({
      rc: 0,
      stdout: 'h4\n/usr/bin/gcc\ndrwxr-xr-x\ndrwx------\n',
      stderr: '',
    });
  });

  it('reach each other by name, and nothing else', async () => {
    const host = lab.host('h4');
    for (const peer of ['h1', 'h2', 'h3', 'h5', lab.host('h1').address6]) expect(await reaches(host, peer)).toBe(true);
    const routes = await host.exec('ip route');
    expect(routes.stdout).toBe(`${lab.subnet}.0/24 dev eth0 proto kernel scope link src ${lab.subnet}.4 \n`);
  });

  it('keep kernel settings to themselves', async () => {
    const before = await readFile('/proc/sys/vm/swappiness', 'utf8');
    const other = String((Number(before) + 1) % 100);
    const set = await lab.host('h4').exec(`sysctl -qw vm.swappiness=${other} && cat /proc/sys/vm/swappiness`);
    expect(set).toEqual({ rc: 0, stdout: `${other}\n`, stderr: '' });
    expect(await readFile('/proc/sys/vm/swappiness', 'utf8')).toBe(before);
    expect((await lab.host('h4').exec('echo 7 >/proc/sys/vm/dirty_ratio')).rc).not.toBe(0);
    expect(
      (await lab.host('h4').exec('cat /proc/sys/vm/swappiness >/sys/kernel/mm/transparent_hugepage/enabled')).rc,
    ).not.toBe(0);
  });

  it('cannot set the clock of the machine or load modules', async () => {
    expect((await ssh(lab, 'root@h4', 'date -s @1000000000')).stderr).toContain('Operation not permitted');
    expect((await lab.host('h5').exec('date -s @1000000000')).stderr).toContain('Operation not permitted');
    expect(Date.now()).toBeGreaterThan(1_000_000_000_000);
    const bounding = await ssh(lab, 'root@h5', 'grep CapBnd /proc/self/status');
    const sysModule = 1n << 16n;
    expect(BigInt(`0x${bounding.stdout.trim().split(/\s+/)[1]}`) & sysModule).toBe(0n);
  });

  it('have users with every kind of sudo, doas and su', async () => {
    expect((await ssh(lab, 'free@h1', 'sudo -n id -un; doas -n id -un')).stdout).toBe('root\nroot\n');
    expect((await ssh(lab, 'deploy@h1', 'sudo -n true')).rc).toBe(1);
    expect((await ssh(lab, 'deploy@h1', "echo geheim | sudo -S -p '' id -un")).stdout).toBe('root\n');
    expect((await ssh(lab, 'deploy@h1', 'doas -n true')).stderr).toContain('Authentication required');
    expect((await ssh(lab, 'oldhat@h1', 'sudo -n true')).stderr).toContain('must have a tty');
    expect((await ssh(lab, 'deploy@h1', "echo 'root pass' | su -c 'id -un'")).stdout).toBe('root\n');
  });

  it('have users with every kind of login shell', async () => {
    const shells = await Promise.all(
      ['fisher', 'tesla', 'ashley', 'noisy'].map((user) => ssh(lab, `${user}@h1`, 'echo done')),
    );
    expect(shells.map(({ stdout }) => stdout.trim().split('\n').at(-1))).toEqual(['done', 'done', 'done', 'done']);
    expect(shells.map(({ stdout }) => stdout.match(/.* banner/)?.[0])).toEqual([
      'fish banner',
      'tcsh banner',
      undefined,
      'noisy banner',
    ]);
    expect((await ssh(lab, 'ashley@h1', 'readlink /proc/$$/exe; true')).stdout).toBe('/usr/bin/busybox\n');
    expect((await ssh(lab, 'noisy@h1', 'umask')).stdout).toBe('noisy banner\n0077\n');
  });

  it('can be short of room, rights and sessions', async () => {
    expect((await ssh(lab, 'root@h2', 'head -c 2000000 /dev/zero >/tmp/big')).stderr).toContain('No space left');
    const noexec = await ssh(lab, 'root@h2', 'rm /tmp/big; cp /bin/true /tmp/true; /tmp/true');
    expect(noexec.stderr).toContain('Permission denied');
    expect((await ssh(lab, 'root@h2', 'mkdir /opt/redis')).stderr).toContain('Read-only file system');
    expect((await ssh(lab, 'root@h2', 'echo $LANG')).stdout).toBe('zh_CN.UTF-8\n');
    expect((await sftp(lab, 'root@h2', 'pwd')).stderr).toContain('subsystem request failed');
    expect((await sftp(lab, 'root@h4', 'pwd')).stdout).toContain('Remote working directory: /root');
  });

  it('can be BusyBox systems', async () => {
    const shown = await ssh(
      lab,
      'root@h3',
      'readlink /proc/$$/exe; dd --help 2>&1 | head -n 1; command -v bash perl python3',
    );
    expect(shown.stdout).toMatch(/^\/usr\/bin\/busybox\nBusyBox v1/);
    expect(shown.stdout.split('\n')).toHaveLength(3);
  });

  it('can run systemd', async () => {
    const host = lab.host('h5');
    expect((await host.exec('systemctl is-system-running --wait')).stdout).toBe('running\n');
    const unit = '[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n';
    const install = `printf '${unit}' >/etc/systemd/system/try.service && systemctl daemon-reload`;
    const started = await ssh(
      lab,
      'root@h5',
      `${install} && systemctl -q enable --now try && systemctl is-active try ssh`,
    );
    expect(started).toMatchObject({ rc: 0, stdout: 'active\nactive\n' });
    await host.crash();
    await host.boot();
    await expect.poll(async () => (await ssh(lab, 'root@h5', 'systemctl is-active try')).stdout).toBe('active\n');
    expect((await lab.host('h4').exec('cat /proc/1/comm')).stdout).toBe('sh\n');
  });

  it('can have a slow network', async () => {
    const host = lab.host('h4');
    const send = async (): Promise<number> => {
      const start = performance.now();
      expect((await ssh(lab, 'root@h4', 'head -c 100000 /dev/urandom')).rc).toBe(0);
      return performance.now() - start;
    };
    await host.bandwidth(400);
    expect(await send()).toBeGreaterThan(1_500);
    await host.bandwidth(undefined);
    expect(await send()).toBeLessThan(1_500);
  });

  it('can lose their network, drop packets, and be powered off and on', async () => {
    const [near, far] = [lab.host('h4'), lab.host('h1')];
    const reachable = (): Promise<boolean> => reaches(near, far.address);
    expect(await reachable()).toBe(true);
    await far.link('down');
    expect(await reachable()).toBe(false);
    await far.link('up');
    await far.drop({ port: 22 });
    expect(await reachable()).toBe(false);
    await far.undrop();
    await far.drop({ peer: near.address });
    expect(await reachable()).toBe(false);
    await far.undrop();
    expect(await reachable()).toBe(true);
    await far.exec('echo kept >/root/kept; echo lost >/tmp/lost; sync');
    await far.crash();
    expect(await reachable()).toBe(false);
    await far.boot();
    expect(await reachable()).toBe(true);
    expect((await ssh(lab, 'root@h1', 'cat /root/kept /tmp/lost')).stdout).toBe('kept\n');
  });
});

/** Whether sshd greets on another host, seen from this one. */
async function reaches(host: LabHost, peer: string): Promise<boolean> {
  const greeting = await host.exec(`timeout 1 bash -c 'exec 3<>/dev/tcp/${peer}/22; head -c 4 <&3'`);
  return greeting.stdout === 'SSH-';
}
