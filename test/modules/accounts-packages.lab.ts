import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { converges as convergesOn, type Host, localHost, type Userland, userlands } from './local-host.ts';

type Args = Record<string, unknown>;

/** Every script runs in a root of its own: an overlay over this machine's, kept on tmpfs between scripts. */
function overlaid(userland: Userland, base: string): Userland {
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(base, name));
  const enter = `mount -t overlay overlay -o lowerdir=/,upperdir=${base}/upper,workdir=${base}/work ${base}/root &&
mount --bind /proc ${base}/root/proc && mount --bind /dev ${base}/root/dev && mount -t tmpfs none ${base}/root/run && exec chroot ${base}/root "$@"`;
  return { ...userland, shell: ['/usr/bin/unshare', '-m', '/bin/sh', '-c', enter, 'sh', ...userland.shell] };
}

const lands = userlands();

describe.each(lands)('on $name', (userland) => {
  const busybox = userland.name === 'busybox';
  // Debian's BusyBox has no adduser.
  const accounts = !busybox || existsSync(join(userland.path, 'adduser'));
  let base: string;
  let host: Host;
  beforeAll(() => {
    base = mkdtempSync('/dev/shm/rcdeploy-modules-');
    host = localHost(overlaid(userland, base), join(base, 'cache'));
  });
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const upper = (path: string) => readFileSync(join(base, 'upper', path), 'utf8');

  const converges = (name: string, args: Args) => convergesOn(host, name, args);

  test.skipIf(!accounts)('groups', async () => {
    expect(await converges('group', { name: 'rcgroup', gid: 7777 })).toMatchObject({ gid: 7777 });
    await converges('group', { name: 'rcsystem', system: true });
    await expect(host.task('group', { name: 'rcother', gid: 7777 })).rejects.toThrow(
      'gid 7777 is taken by group rcgroup',
    );
    if (!busybox) await converges('group', { name: 'rcgroup', gid: 7778 });
    await converges('group', { name: 'rcsystem', state: 'absent' });
  });

  test.skipIf(!accounts)('users', async () => {
    await host.task('group', { name: 'rcmain' });
    const made = await converges('user', {
      name: 'rcuser',
      uid: 7001,
      group: 'rcmain',
      groups: ['audio', 'video'],
      shell: '/bin/sh',
      comment: 'Redis',
      home: '/srv/rcuser',
    });
    expect(made).toMatchObject({ uid: 7001, home: '/srv/rcuser', shell: '/bin/sh', comment: 'Redis' });
    await converges('user', { name: 'rcuser', groups: ['audio'] });
    await converges('user', { name: 'rcuser', groups: ['games'], append: true });
    expect((await host.plan('user', { name: 'rcuser', groups: ['audio', 'games'] })).changes).toEqual([]);
    await expect(host.task('user', { name: 'rcuser', group: 'rcnone' })).rejects.toThrow('Group rcnone does not exist');
    expect(
      (await host.plan('user', { name: 'x', group: 'rcnone' }, { check: true, changesPredicted: true })).failed,
    ).toBeUndefined();
    if (!busybox) {
      await expect(host.task('user', { name: 'rcuser', comment: 'a:b' })).rejects.toThrow('holds a colon');
      await converges('user', { name: 'rcuser', shell: '/bin/bash', expires: 1893456000 });
    } else {
      await expect(host.task('user', { name: 'rcuser', shell: '/bin/ash' })).rejects.toThrow(
        'BusyBox cannot change shell',
      );
    }
    await converges('user', { name: 'rcsys', system: true, create_home: false });
    await converges('user', { name: 'rcuser', state: 'absent', remove: true });
  });

  test.skipIf(!accounts)('passwords go by stdin and are compared', async () => {
    const password = '$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/';
    await converges('user', { name: 'rcpass', password });
    expect(upper('etc/shadow')).toContain(`rcpass:${password}:`);
    expect((await host.plan('user', { name: 'rcpass', password: '*', update_password: 'on_create' })).changes).toEqual(
      [],
    );
    await converges('user', { name: 'rcpass', password_lock: true });
    expect(upper('etc/shadow')).toContain(`rcpass:!${password}:`);
    await converges('user', { name: 'rcpass', password_lock: false });
    const { changes } = await host.plan('user', { name: 'rcpass', password: '*' });
    expect(JSON.stringify(changes)).not.toContain(password);
  });

  test.skipIf(busybox)('packages are installed and removed', async () => {
    expect((await host.plan('package', { name: ['coreutils', 'tar'] })).changes).toEqual([]);
    await expect(host.task('apt', { name: ['no-such-package-at-all'] })).rejects.toThrow(
      "No package matching 'no-such-package-at-all' is available",
    );
    expect((await host.plan('package', { name: ['no-such-package-at-all'], state: 'absent' })).changes).toEqual([]);
    await converges('apt', { name: ['hello'], update_cache: true, lock_timeout: 120 });
    expect((await host.task('package', { name: ['hello'], state: 'latest', lock_timeout: 120 })).changed).toBe(false);
    await converges('package', { name: ['hello'], state: 'absent', lock_timeout: 120 });
  });

  test.skipIf(busybox)('a package manager that is busy is waited for, with a limit, and named', async () => {
    const script =
      'exec 9>/var/lib/dpkg/lock-frontend; exec python3 -c "import fcntl,time; fcntl.lockf(9, fcntl.LOCK_EX); print(1, flush=True); time.sleep(30)"';
    const [command = '', ...words] = overlaidAgain(base, userland);
    // The lock file must be in the upper layer before two mounts share it.
    await host.task('command', { argv: ['touch', '/var/lib/dpkg/lock-frontend'] });
    const holder = spawn(command, [...words, '-c', script]);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    try {
      await expect(host.task('apt', { name: ['hello'], lock_timeout: 1 })).rejects.toThrow(
        /lock-frontend is held by process \d+ \(.*python3/,
      );
    } finally {
      holder.kill('SIGKILL');
    }
  });

  test('a service of an init script', async () => {
    const init = `#!/bin/sh
case $1 in
start) : > /var/tmp/rcd.run ;;
stop) rm -f /var/tmp/rcd.run ;;
restart) echo again >> /var/tmp/rcd.run ;;
status) [ -e /var/tmp/rcd.run ] || exit 3 ;;
esac
`;
    mkdirSync(join(base, 'upper/etc/init.d'), { recursive: true });
    await host.task('copy', { dest: '/etc/init.d/rcd', content: init, mode: '0755' });
    await converges('service', { name: 'rcd', state: 'started', use: 'sysv' });
    expect((await host.task('service', { name: 'rcd', state: 'restarted' })).changed).toBe(true);
    expect(upper('var/tmp/rcd.run')).toBe('again\n');
    await converges('service', { name: 'rcd', state: 'stopped' });
    await expect(host.task('service', { name: 'rcnone', state: 'started' })).rejects.toThrow(
      /has no service manager for rcnone: pid 1 is/,
    );
    await expect(host.task('systemd', { name: 'rcd', state: 'started' })).rejects.toThrow('does not run systemd');
  });
});

function overlaidAgain(base: string, userland: Userland): readonly string[] {
  const enter = `mount -t overlay overlay -o lowerdir=/,upperdir=${base}/upper,workdir=${base}/work ${base}/root && mount --bind /proc ${base}/root/proc && exec chroot ${base}/root "$@"`;
  return ['/usr/bin/unshare', '-m', '/bin/sh', '-c', enter, 'sh', ...userland.shell];
}
