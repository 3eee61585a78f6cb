import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { UnreachableError } from '../../src/errors/errors.ts';
import { connect } from '../../src/transport/connect.ts';
import type { ConnectHooks, Connection, Target } from '../../src/transport/contract.ts';
import { scanHostKeys } from '../../src/transport/hostkeys.ts';
import { type Sshd, startSshd } from './sshd.ts';

const never = new AbortController().signal;
const open: Connection[] = [];
let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});
afterAll(() => sshd.stop());

async function reach(target: Target, hooks: ConnectHooks = {}): Promise<Connection> {
  const connection = await connect(target, never, hooks);
  open.push(connection);
  return connection;
}

async function sayHello(connection: Connection): Promise<string> {
  return (await (await connection.shell(undefined)).run('echo hello')).stdout;
}

/** What an UnreachableError tells the user. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => 'it went through',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnreachableError);
  return error instanceof UnreachableError ? `${error.message}\n${error.hint}` : '';
}

function withKnownHosts(text: string): { file: string; target: Target } {
  const file = join(sshd.dir, `known-${Math.random()}`);
  writeFileSync(file, text);
  return { file, target: sshd.target({ sshOptions: { UserKnownHostsFile: file } }) };
}

function newKey(name: string, ...flags: string[]): string {
  const file = join(sshd.dir, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file, ...flags]);
  return file;
}

test('runs a script and ends the shell at close', async () => {
  const connection = await connect(sshd.target(), never);
  const shell = await connection.shell(undefined);
  expect(await shell.run('cat; pwd; echo no >&2; exit 5', { stdin: Buffer.from('in ') })).toEqual({
    rc: 5,
    stdout: 'in /root\n',
    stderr: 'no\n',
  });
  const { pid, startTime } = shell.identity;
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(` ${startTime} `);
  await connection.close();
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
});

describe('host keys', () => {
  const name = () => `[127.0.0.1]:${sshd.port}`;
  const publicKey = (file = sshd.hostKey) => readFileSync(`${file}.pub`, 'utf8').trim();

  test('a hashed name is known', async () => {
    const { file, target } = withKnownHosts(`${name()} ${publicKey()}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    expect(await sayHello(await reach(target))).toBe('hello\n');
  });

  test('an unknown key is refused with its fingerprint', async () => {
    const message = await refusal(reach(withKnownHosts('').target));
    const shown = execFileSync('ssh-keygen', ['-l', '-f', sshd.hostKey], { encoding: 'utf8' }).split(' ')[1];
    expect(message).toContain(shown);
    expect(message).toContain('rcdeploy hostkeys scan');
  });

  test('a changed key is refused by file and line, also when new keys are accepted', async () => {
    const { file, target } = withKnownHosts(`# mine\n${name()} ${publicKey(newKey('other'))}\n`);
    expect(await refusal(reach({ ...target, acceptNewHostKeys: true }))).toContain(`${file}:2`);
  });

  test('a revoked key is refused although it is known', async () => {
    const { file, target } = withKnownHosts(`${name()} ${publicKey()}\n@revoked * ${publicKey()}\n`);
    expect(await refusal(reach(target))).toContain(`revoked in ${file}:2`);
  });

  test('a certificate authority is refused by name', async () => {
    const { target } = withKnownHosts(`@cert-authority * ${publicKey(newKey('authority'))}\n`);
    expect(await refusal(reach(target))).toContain('@cert-authority');
  });

  test.each([
    ['the flag', { acceptNewHostKeys: true }, {}],
    ['ssh_config', {}, { StrictHostKeyChecking: 'accept-new' }],
  ])('a new key is accepted aloud by %s, and remembered', async (_by, more, options) => {
    const { file, target } = withKnownHosts('# no newline at the end');
    const notices: string[] = [];
    const lax = { ...target, ...more, sshOptions: { ...target.sshOptions, ...options } };
    expect(await sayHello(await reach(lax, { notice: (message) => notices.push(message) }))).toBe('hello\n');
    expect(notices.join()).toContain(`unknown host key of ${name()}`);
    expect(readFileSync(file, 'utf8')).toContain(`\n${name()} ssh-ed25519 `);
    expect(await sayHello(await reach(target))).toBe('hello\n');
  });
});

describe('logins', () => {
  test('a refused login names what was tried and what the host takes', async () => {
    const message = await refusal(reach(sshd.target({ privateKeyFile: newKey('stranger') })));
    expect(message).toMatch(/refused to log in root: tried .*stranger.*the host takes publickey/);
  });

  test('the agent opens what a locked key file cannot', async () => {
    const agentSocket = join(sshd.dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(agent.stdout, 'data');
    execFileSync('ssh-add', ['-q', sshd.key], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket }, stdio: 'ignore' });
    const locked = join(sshd.dir, 'in-agent');
    writeFileSync(locked, readFileSync(sshd.key), { mode: 0o600 });
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', locked]);
    try {
      const target = sshd.target({ privateKeyFile: locked, agentSocket });
      expect(await sayHello(await reach(target))).toBe('hello\n');
    } finally {
      agent.kill();
    }
  });

  test('nobody is asked whether the key of a file would do, unless it is RSA', async () => {
    const own = await startSshd(['LogLevel VERBOSE']);
    try {
      const others = newKey('of-someone-else');
      const sshOptions = { UserKnownHostsFile: own.knownHosts, IdentitiesOnly: 'yes', IdentityFile: own.key };
      expect(await sayHello(await reach(own.target({ privateKeyFile: others, sshOptions })))).toBe('hello\n');
      expect(own.log()).toMatch(/Failed publickey[\s\S]*Accepted publickey/);
      expect(own.log()).not.toContain('Postponed publickey');
      const rsa = newKey('rsa', '-t', 'rsa');
      appendFileSync(`${own.key}.pub`, readFileSync(`${rsa}.pub`));
      expect(await sayHello(await reach(own.target({ privateKeyFile: rsa })))).toBe('hello\n');
      expect(own.log()).toMatch(/Postponed publickey[\s\S]*Accepted publickey[\s\S]*RSA/);
    } finally {
      await own.stop();
    }
  });

  test('a missing key file is named', async () => {
    expect(await refusal(reach(sshd.target({ privateKeyFile: '/none/key' })))).toContain('/none/key does not exist');
  });

  test('an encrypted key needs its passphrase', async () => {
    const file = join(sshd.dir, 'locked');
    writeFileSync(file, readFileSync(sshd.key), { mode: 0o600 });
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', file]);
    expect(await refusal(reach(sshd.target({ privateKeyFile: file })))).toContain('is encrypted');
    const other = `${file}2`;
    writeFileSync(other, readFileSync(file), { mode: 0o600 });
    const target = sshd.target({ privateKeyFile: other });
    expect(await sayHello(await reach(target, { askPassphrase: async () => 'open sesame' }))).toBe('hello\n');
  });
});

describe('ways', () => {
  test('nothing listens, no such name, and a host that says nothing are told apart', async () => {
    expect(await refusal(reach(sshd.target({ port: 1 })))).toContain('Nothing listens');
    expect(await refusal(reach(sshd.target({ address: 'no-such-host.invalid' })))).toContain('has no address');
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await refusal(reach(sshd.target({ port, connectTimeoutMs: 400 })))).toContain('did not finish the login');
    silent.close();
  });

  test('goes through two jump hosts, which share one connection for all behind', async () => {
    const [first, second] = [await startSshd(), await startSshd()];
    for (const jump of [first, second]) {
      appendFileSync(sshd.knownHosts, readFileSync(jump.knownHosts));
      appendFileSync(join(jump.dir, 'key.pub'), readFileSync(`${sshd.key}.pub`));
    }
    const ProxyJump = `root@127.0.0.1:${first.port},root@127.0.0.1:${second.port}`;
    const behind = (host: string) =>
      sshd.target({ name: host, sshOptions: { ...sshd.target().sshOptions, ProxyJump } });
    const hosts = await Promise.all(['a', 'b', 'c'].map((host) => reach(behind(host))));
    expect(await Promise.all(hosts.map(sayHello))).toEqual(['hello\n', 'hello\n', 'hello\n']);
    await Promise.all(open.splice(0).map((connection) => connection.close()));
    expect(second.log().match(/Accepted publickey/g)).toHaveLength(1);
    await Promise.all([first.stop(), second.stop()]);
  });

  test('goes through a proxy command, and says what one that leads nowhere said', async () => {
    const through = (ProxyCommand: string, more: Partial<Target> = {}) =>
      reach(sshd.target({ sshOptions: { ...sshd.target().sshOptions, ProxyCommand }, ...more }));
    const relay = `${process.execPath} -e 'const s = net.connect(%p, "%h"); process.stdin.pipe(s).pipe(process.stdout)'`;
    expect(await sayHello(await through(relay))).toBe('hello\n');
    expect(await refusal(through('echo no way to %h >&2; exit 7'))).toContain('it said: no way to 127.0.0.1');
    expect(await refusal(through('sleep 60', { connectTimeoutMs: 300 }))).toContain(
      'brought no answer of sshd within 0.3 s',
    );
    expect(await refusal(through('relay %i'))).toContain('%i, which is not supported');
  });

  test('forty connects at once pass a tight MaxStartups', async () => {
    const tight = await startSshd(['MaxStartups 5:50:10']);
    const hosts = await Promise.all(Array.from({ length: 40 }, () => reach(tight.target())));
    expect(await Promise.all(hosts.map(sayHello))).toEqual(hosts.map(() => 'hello\n'));
    expect(tight.log()).toContain('MaxStartups');
    await Promise.all(open.splice(0).map((connection) => connection.close()));
    await tight.stop();
  });
});

describe('streams', () => {
  test('reach ports and sockets of the host, and say who refused', async () => {
    const connection = await reach(sshd.target());
    const stream = await connection.openStream({ address: '127.0.0.1', port: sshd.port });
    const greeting = await new Promise<string>((resolve) => stream.once('data', (chunk) => resolve(String(chunk))));
    expect(greeting).toMatch(/^SSH-2.0-/);
    stream.destroy();
    await expect(connection.openStream({ address: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('a forbidden way names AllowTcpForwarding', async () => {
    const strict = await startSshd(['AllowTcpForwarding no']);
    const connection = await reach(strict.target());
    const attempt = connection.openStream({ address: '127.0.0.1', port: strict.port });
    await expect(attempt).rejects.toThrow('AllowTcpForwarding');
    await connection.close();
    await strict.stop();
  });
});

describe('scanning host keys', () => {
  test('shows what is unknown, known, changed and away, and remembers what is approved', async () => {
    const { file, target } = withKnownHosts('');
    const away = { ...target, name: 'away', port: 1 };
    const [fresh, gone] = await scanHostKeys([target, away], 50, never);
    const shown = execFileSync('ssh-keygen', ['-l', '-f', sshd.hostKey], { encoding: 'utf8' }).split(' ')[1];
    expect(fresh).toMatchObject({ host: 'h1', status: 'unknown', fingerprint: shown, type: 'ssh-ed25519' });
    expect(gone).toMatchObject({ host: 'away', status: 'unreachable' });
    if (fresh === undefined || fresh.status === 'unreachable') {
      throw new Error('the host did not answer');
    }
    expect(await fresh.approve()).toBe(file);
    expect(await scanHostKeys([target], 50, never)).toMatchObject([{ status: 'known' }]);
    expect(await sayHello(await reach(target))).toBe('hello\n');
    const other = readFileSync(`${newKey('successor')}.pub`, 'utf8');
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${other}`);
    expect(await scanHostKeys([target], 50, never)).toMatchObject([{ status: 'changed', where: `${file}:1` }]);
  });
});
