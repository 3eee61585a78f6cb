import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../src/transport/contract.ts';

/** A real sshd on a free loopback port, with keys, known_hosts and settings of its own. Needs root. */
export interface Sshd {
  readonly port: number;
  readonly dir: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly hostKey: string;
  /** What sshd wrote so far. */
  log(): string;
  target(more?: Partial<Target>): Target;
  stop(): Promise<void>;
}

export async function startSshd(lines: readonly string[] = []): Promise<Sshd> {
  const dir = mkdtempSync(join(tmpdir(), 'sshd-'));
  mkdirSync('/run/sshd', { recursive: true });
  const hostKey = join(dir, 'host_key');
  const key = join(dir, 'key');
  const knownHosts = join(dir, 'known_hosts');
  for (const file of [hostKey, key]) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  }
  const port = await freePort();
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, 'utf8')}`);
  const config = [
    ...lines,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    'PermitRootLogin yes',
    'StrictModes no',
    'PidFile none',
    'UsePAM no',
  ];
  writeFileSync(join(dir, 'config'), `${config.join('\n')}\n`);
  let log = '';
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  await answers(port, child, () => log);
  return {
    port,
    dir,
    key,
    knownHosts,
    hostKey,
    log: () => log,
    target: (more) => ({
      name: 'h1',
      connection: 'ssh',
      address: '127.0.0.1',
      port,
      user: 'root',
      password: undefined,
      privateKeyFile: key,
      sshOptions: { UserKnownHostsFile: knownHosts, IdentitiesOnly: 'yes' },
      acceptNewHostKeys: false,
      agentSocket: undefined,
      connectTimeoutMs: 10_000,
      ...more,
    }),
    stop: async () => {
      child.kill();
      await once(child, 'exit');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answers(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let turn = 0; turn < 250; turn++) {
    if (child.exitCode !== null) {
      break;
    }
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`sshd does not answer: ${log()}`);
}
