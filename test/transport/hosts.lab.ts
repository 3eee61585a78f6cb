import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { UnreachableError } from '../../src/errors/errors.ts';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { writeFileScript } from '../../src/sh/write-file.ts';
import { connect } from '../../src/transport/connect.ts';
import type { Become, Connection, Target } from '../../src/transport/contract.ts';
import { describeLab } from '../lab/describe-lab.ts';

const never = new AbortController().signal;
const open: Connection[] = [];
let lab: Lab;

async function reach(host: LabHost, more: Partial<Target> = {}): Promise<Connection> {
  const target: Target = {
    name: host.name,
    connection: 'ssh',
    address: host.address,
    port: undefined,
    user: 'root',
    password: undefined,
    privateKeyFile: lab.keyFile,
    sshOptions: { UserKnownHostsFile: lab.knownHostsFile, IdentitiesOnly: 'yes' },
    acceptNewHostKeys: false,
    agentSocket: undefined,
    connectTimeoutMs: 10_000,
    ...more,
  };
  const connection = await connect(target, never);
  open.push(connection);
  return connection;
}

async function until(condition: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await condition()); ) {
    expect(Date.now(), `waited for ${limitMs / 1000} s`).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describeLab('hosts as they are', () => {
  beforeAll(async () => {
    lab = await labUp({
      name: 'test-transport',
      hosts: 4,
      replace: true,
      everyHost: { root: { password: 'root pass' } },
      perHost: {
        h1: {
          users: [
            { name: 'deploy', password: "it's $ecret", sudo: 'password', doas: 'password' },
            { name: 'free', sudo: 'nopasswd', doas: 'nopasswd' },
            { name: 'oldhat', sudo: 'requiretty' },
            { name: 'few', password: 'few' },
            { name: 'nobody1', password: 'x' },
            { name: 'pseudo', password: 'pseudo', sudo: 'password' },
            { name: 'fisher', shell: 'fish', profile: 'echo fish banner', sudo: 'nopasswd' },
            { name: 'tesla', shell: 'tcsh', profile: 'echo tcsh banner', sudo: 'nopasswd' },
            { name: 'ashley', shell: 'ash', sudo: 'nopasswd' },
            { name: 'noisy', shell: 'bash', profile: 'echo noisy banner; echo warning >&2; umask 077; cd /tmp' },
            { name: 'closed', shell: '/usr/sbin/nologin' },
          ],
          sudoers: ['few ALL=(root) NOPASSWD: /usr/bin/id', 'Defaults:pseudo use_pty'],
        },
        h2: { tmp: { size: '1m', noexec: true }, lang: 'zh_CN.UTF-8', sshd: ['MaxSessions 1'], sftp: false },
        h3: { busybox: true },
      },
    });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });
  afterAll(() => lab?.down());

  describe('login shells', () => {
    test.each(['fisher', 'tesla', 'ashley', 'noisy'])('%s runs scripts, alone and through sudo', async (user) => {
      const connection = await reach(lab.host('h1'), { user });
      const reply = await (await connection.shell(undefined)).run('echo "a!$((1+1))"; pwd; umask; echo e >&2; exit 3');
      expect(reply).toEqual({ rc: 3, stdout: `a!2\n/home/${user}\n0022\n`, stderr: 'e\n' });
      if (user !== 'noisy') {
        const root = await connection.shell({ method: 'sudo', user: 'root', password: undefined });
        expect((await root.run('id -u; pwd; echo $HOME')).stdout).toBe('0\n/root\n/root\n');
      }
    });

    test('a login that runs no shell says so', async () => {
      const connection = await reach(lab.host('h1'), { user: 'closed' });
      await expect((await connection.shell(undefined)).run('true')).rejects.toThrow(
        /account is currently not available/,
      );
    });
  });

  test('a password logs in, and a wrong one is told', async () => {
    const login = { user: 'deploy', privateKeyFile: undefined };
    const connection = await reach(lab.host('h1'), { ...login, password: "it's $ecret" });
    expect((await (await connection.shell(undefined)).run('id -un')).stdout).toBe('deploy\n');
    const attempt = reach(lab.host('h1'), { ...login, password: 'wrong' });
    await expect(attempt).rejects.toThrow(/refused to log in deploy: tried .*the password/);
  });

  describe('become', () => {
    const become = (method: Become['method'], password?: string, user = 'root'): Become => ({ method, user, password });

    test.each([
      ['deploy', become('sudo', "it's $ecret")],
      ['free', become('sudo')],
      ['free', become('sudo', 'not needed')],
      ['free', become('sudo', undefined, 'deploy')],
      ['pseudo', become('sudo', 'pseudo')],
      ['deploy', become('su', 'root pass')],
      ['free', become('doas')],
      ['free', { ...become('su'), exe: ['sudo', '-n', 'su'], flags: ['-l'] }],
      ['deploy', { ...become('sudo', "it's $ecret"), exe: ['/usr/bin/sudo'], flags: ['-nH'] }],
      ['root', become('sudo', undefined, 'deploy')],
      ['root', become('su', undefined, 'deploy')],
      ['root', become('sudo', undefined, 'root')],
    ])('%s by %j: bytes pass whole and a script can be ended', async (user, to) => {
      const connection = await reach(lab.host('h1'), { user });
      const shell = await connection.shell(to);
      const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, at) => (at * 31) % 251));
      const reply = await shell.run('id -un; cksum; echo e >&2', { stdin: bytes });
      expect(reply).toMatchObject({ rc: 0, stderr: 'e\n' });
      expect(reply.stdout.split(/\s/)[0]).toBe(to.user);
      expect(reply.stdout).toContain(' 600000\n');
      let pid = '';
      const sleeping = shell.run('echo $$; sleep 60', { onOutput: (text) => (pid += text) });
      const failure = expect(sleeping).rejects.toThrow('Interrupted');
      await until(async () => pid.endsWith('\n'));
      await shell.cancel();
      await failure;
      expect((await lab.host('h1').exec(`kill -0 ${pid.trim()}`)).rc).not.toBe(0);
      expect(shell.identity.uid === 0).toBe(to.user === 'root');
    });

    test.each([
      ['deploy', become('sudo'), /sudo wants a password and none was given/],
      ['deploy', become('sudo', 'wrong'), /sudo did not take the password/],
      ['oldhat', become('sudo'), /demands a terminal \(requiretty\)/],
      ['few', become('sudo', 'few'), /allows the login user some commands, but not \/bin\/sh/],
      ['nobody1', become('sudo', 'x'), /not in sudoers/],
      ['free', become('sudo', undefined, 'ghost'), /no such user/],
      ['deploy', become('su', 'wrong'), /su did not take the password/],
      ['deploy', become('su'), /su wants a password/],
      ['deploy', become('doas', "it's $ecret"), /doas wants a password, which it reads from a terminal only/],
      ['nobody1', become('doas'), /doas.conf does not let/],
    ])('%s by %j is told why not', async (user, to, message) => {
      const connection = await reach(lab.host('h1'), { user });
      const attempt = connection.shell(to);
      await expect(attempt).rejects.toThrow(message);
      await expect(attempt).rejects.toBeInstanceOf(UnreachableError);
      await expect(attempt).rejects.not.toThrow(/rcdeploy-|ecret/);
      expect((await (await connection.shell(undefined)).run('id -un')).stdout).toBe(`${user}\n`);
    });

    test('the password is in no argv and no environment', async () => {
      const connection = await reach(lab.host('h1'), { user: 'deploy' });
      await connection.shell(become('sudo', "it's $ecret"));
      const seen = await lab.host('h1').exec('cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr "\\0" "\\n"');
      expect(seen.stdout).toContain('sudo');
      expect(seen.stdout).not.toContain('$ecret');
    });

    test('a host without sudo says so', async () => {
      await lab.host('h3').exec('mv /usr/bin/sudo /usr/bin/sudo.gone');
      const connection = await reach(lab.host('h3'));
      await expect(connection.shell(become('sudo', undefined, 'daemon'))).rejects.toThrow(/sudo is not installed/);
    });
  });

  test('BusyBox, a full noexec /tmp and a Chinese locale do not matter', async () => {
    await lab.host('h2').exec('dd if=/dev/zero of=/tmp/fill bs=64k; true');
    for (const name of ['h2', 'h3']) {
      const shell = await (await reach(lab.host(name))).shell(undefined);
      const content = Buffer.alloc(700_000, 'x');
      const written = await shell.run(writeFileScript({ path: '/root/new file', bytes: content.length }), {
        stdin: content,
      });
      expect(written).toEqual({ rc: 0, stdout: '', stderr: '' });
      expect((await shell.run('wc -c <"/root/new file"; ls /none')).stdout.trim()).toBe('700000');
      expect((await shell.run('ls /none')).stderr).toContain('No such file');
    }
  });

  test('a full disk keeps the old file and says so', async () => {
    const shell = await (await reach(lab.host('h2'))).shell(undefined);
    await lab.host('h2').exec('rm -f /tmp/fill; echo old >/tmp/f; dd if=/dev/zero of=/tmp/fill bs=1k; true');
    const reply = await shell.run(writeFileScript({ path: '/tmp/f', bytes: 9000 }), { stdin: Buffer.alloc(9000) });
    expect(reply.rc).toBe(1);
    expect(reply.stderr).toMatch(/no space left/i);
    expect((await lab.host('h2').exec('cat /tmp/f; ls -A /tmp')).stdout).toBe('old\nf\nfill\n');
  });

  test('a second session that sshd refuses names MaxSessions', async () => {
    const connection = await reach(lab.host('h2'));
    await (await connection.shell(undefined)).run('true');
    await expect(connection.startHeartbeat()).rejects.toThrow(/MaxSessions|refused another session/);
  });

  test('late lines of a child left behind are not taken for the next script', async () => {
    const shell = await (await reach(lab.host('h4'))).shell(undefined);
    await shell.run('(sleep 0.3; echo late; echo late >&2) & echo started');
    const { pid } = shell.identity;
    expect(await shell.run('sleep 0.8; echo mine')).toEqual({ rc: 0, stdout: 'mine\n', stderr: '' });
    expect(shell.identity.pid).toBe(pid);
  });

  test('a host cut off from the control machine ends what runs there by itself', async () => {
    const host = lab.host('h4');
    const connection = await reach(host);
    const shell = await connection.shell(undefined);
    let pid = '';
    const running = shell.run('echo $$; trap "" TERM; while :; do sleep 1; done', {
      onOutput: (text) => (pid += text),
    });
    const failure = expect(running).rejects.toThrow(UnreachableError);
    await until(async () => pid.endsWith('\n'));
    await connection.startHeartbeat();
    const { pid: holder } = shell.identity;
    // The watcher's text must have arrived before the link is cut.
    await until(async () => (await host.exec('grep -aq ^timeout /proc/[0-9]*/cmdline')).rc === 0);
    await host.link('down');
    const alive = async () => (await host.exec(`kill -0 ${pid.trim()} || kill -0 ${holder}`)).rc === 0;
    expect(await alive()).toBe(true);
    await until(async () => !(await alive()), 130_000);
    await failure;
    await host.link('up');
  });

  test('a host that loses its power in the middle of a script is unreachable, not ok', async () => {
    const host = lab.host('h4');
    const shell = await (await reach(host)).shell(undefined);
    let begun = false;
    const running = shell.run('echo begun; sleep 600', { onOutput: () => (begun = true) });
    const failure = expect(running).rejects.toThrow(/lost before its exit status came \(echo begun; sleep 600\)/);
    await until(async () => begun);
    await host.crash();
    await failure;
  });
});
