import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converges, type Host, localHost, userlands } from './local-host.ts';

type Args = Record<string, unknown>;

const lands = userlands();

describe.each(lands)('on $name', (userland) => {
  let root: string;
  let host: Host;
  beforeEach(() => {
    // A name that every quoting mistake trips over.
    root = join(mkdtempSync(join(tmpdir(), 'rcdeploy-modules-')), `ro ot'"$(x)\n*é`);
    mkdirSync(root);
    host = localHost(userland, join(root, 'cache'));
  });
  afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  test('command takes words literally, shell does not', async () => {
    expect(
      await host.task('command', { _raw: `printf '%s|' "a b" $(id) * ; $HOME $NO_SUCH \${NO_SUCH}` }),
    ).toMatchObject({
      changed: true,
      rc: 0,
      stdout: `a b|$(id)|*|;|/root|$NO_SUCH|\${NO_SUCH}|`,
      stderr: '',
    });
    expect(await host.task('command', { argv: ['cat'], stdin: 'in', chdir: root })).toMatchObject({
      stdout: 'in',
      stdout_lines: ['in'],
    });
    expect(await host.task('shell', { _raw: 'echo a; echo b >&2; pwd', chdir: root })).toMatchObject({
      stderr: 'b',
      changed: true,
    });
    expect(await host.task('shell', { _raw: 'read x; echo "[$x]"', stdin: 'y' })).toMatchObject({ stdout: '[y]' });
    await expect(host.task('shell', { _raw: 'echo out; exit 3' })).rejects.toMatchObject({
      message: 'non-zero return code',
      details: { rc: 3, stdout: 'out' },
    });
    await expect(host.task('command', { _raw: 'ls', chdir: join(root, 'no') })).rejects.toThrow(
      'Unable to change directory',
    );
    await expect(host.task('command', { _raw: 'no-such-program' })).rejects.toMatchObject({ details: { rc: 2 } });
    expect(await host.task('raw', { _raw: 'echo raw' })).toMatchObject({ stdout: 'raw\n', rc: 0 });
  });

  test('creates and removes, as paths and globs, in check mode too', async () => {
    writeFileSync(join(root, 'made-1'), '');
    expect(
      await host.task('shell', { _raw: 'exit 1', creates: join(root, 'made-*').replace('*é', '[*]é') }),
    ).toMatchObject({ changed: false, rc: 0 });
    expect(await host.task('shell', { _raw: 'exit 1', creates: 'made-1', chdir: root })).toMatchObject({
      changed: false,
    });
    expect(await host.task('shell', { _raw: 'exit 1', removes: join(root, 'none') })).toMatchObject({ changed: false });
    expect(await host.plan('shell', { _raw: 'x', creates: join(root, 'none') }, { check: true })).toMatchObject({
      changes: [{ after: 'x' }],
    });
    expect(await host.plan('shell', { _raw: 'x' }, { check: true })).toMatchObject({
      changes: [],
      skipped: 'Command would have run if not in check mode',
    });
  });

  test('wait_for ports and paths', async () => {
    const path = join(root, 'ready');
    await expect(host.task('wait_for', { path, timeout: 1, sleep: 1 })).rejects.toThrow('Timeout when waiting for');
    const later = spawn('sh', ['-c', 'sleep 1; echo "node is ready" > "$0"', path]);
    expect(await host.task('wait_for', { path, search_regex: 'is (ready|up)', timeout: 20 })).toMatchObject({
      changed: false,
    });
    later.kill();
    const server = createServer((socket) => socket.write('SSH-2.0-x\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await host.task('wait_for', { port, timeout: 5 })).toMatchObject({ elapsed: 0 });
    expect(await host.task('wait_for', { port, search_regex: 'SSH-\\d', timeout: 5 })).toMatchObject({
      changed: false,
    });
    expect(await host.task('wait_for', { port, host: '127.0.0.2', state: 'stopped', timeout: 5 })).toMatchObject({
      changed: false,
    });
    await expect(host.task('wait_for', { port, state: 'stopped', timeout: 1 })).rejects.toThrow('to be stopped');
    await new Promise((resolve) => server.close(resolve));
    expect(await host.task('wait_for', { port, state: 'stopped', timeout: 5 })).toMatchObject({ changed: false });
    expect((await host.plan('wait_for', { port }, { check: true })).skipped).toBeDefined();
  });

  test('setup gathers facts', async () => {
    const { ansible_facts: facts } = (await host.task('setup', {})) as unknown as { ansible_facts: Args };
    expect(facts).toMatchObject({
      ansible_distribution: 'Debian',
      ansible_os_family: 'Debian',
      ansible_pkg_mgr: userland.name === 'busybox' ? 'unknown' : 'apt',
      ansible_user_id: 'root',
    });
    expect(facts.ansible_memtotal_mb).toBeGreaterThan(100);
    expect(facts.ansible_interfaces).toContain('lo');
    expect((facts.ansible_lo as Args).ipv4).toMatchObject({ address: '127.0.0.1', prefix: '8', netmask: '255.0.0.0' });
    expect(facts.ansible_kernel).toBe(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim());
    const few = (await host.task('setup', {
      gather_subset: ['!all'],
      filter: ['ansible_distribution*'],
    })) as unknown as { ansible_facts: Args };
    expect(Object.keys(few.ansible_facts)).toContain('ansible_distribution_version');
    expect(Object.keys(few.ansible_facts)).not.toContain('ansible_kernel');
  });

  test('sysctl edits its file', async () => {
    const sysctl_file = join(root, 'etc/90-redis.conf');
    const args = { name: 'vm.overcommit_memory', value: '1', sysctl_file, reload: false };
    await converges(host, 'sysctl', args);
    writeFileSync(sysctl_file, '# kept\nvm/overcommit_memory = 0\nvm.overcommit_memory=2\nnet.core.somaxconn = 512\n');
    await converges(host, 'sysctl', args);
    expect(readFileSync(sysctl_file, 'utf8')).toBe('# kept\nvm.overcommit_memory=1\nnet.core.somaxconn = 512\n');
    await converges(host, 'sysctl', { ...args, state: 'absent', value: undefined });
  });
});
