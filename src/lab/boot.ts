import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageFile } from '../package/root.ts';
import { ADMIN_PATH } from './command.ts';
import { type HostOptions, LabError } from './contract.ts';
import { recordedProcess } from './processes.ts';

const INIT = packageFile('src/lab/host-init.sh');

/** For `setpriv --bounding-set`: what would change the machine rather than the host. */
export const WITHHELD_CAPABILITIES = '-sys_time,-sys_module,-sys_rawio,-wake_alarm';

export interface HostStart {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** The lab's end of the host's cable. */
  readonly cable: string;
  /** The host's directory in the lab's state: its record and its log. */
  readonly stateDir: string;
  readonly disk: string;
  readonly lowerDirs: string;
  /** Path of systemd on hosts that have it as pid 1. */
  readonly systemd: string | undefined;
  /** The host's own cgroup, joined before the cgroup namespace is made; only with systemd. */
  readonly cgroup: string | undefined;
  readonly options: HostOptions;
}

/** A host whose namespaces exist and which waits for its network. */
export interface WaitingHost {
  readonly pid: number;
  /** Let it go on: the network is there. */
  go(): void;
}

/** Start a host's first process. It ends by itself when this process dies before `go`. */
export async function startHost(start: HostStart): Promise<WaitingHost> {
  const log = await open(`${start.stateDir}/log`, 'a', 0o600);
  const namespaces = ['-m', '-p', '-u', '-i', '-n', '-f', '--kill-child=KILL', ...(start.cgroup ? ['-C'] : [])];
  const joinCgroup = '[ -z "$LAB_CGROUP" ] || echo $$ >"$LAB_CGROUP/cgroup.procs"; exec unshare "$@"';
  const child = spawn('sh', ['-c', joinCgroup, 'sh', ...namespaces, 'sh', INIT], {
    cwd: '/',
    detached: true,
    env: environment(start),
    stdio: ['pipe', 'pipe', log.fd],
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new LabError(`cannot start lab host ${start.name}: no pipes to it`);
  await log.close();
  const ended = once(child, 'exit');
  await Promise.race([once(stdout, 'data'), ended]);
  const identity = await recordedProcess(start.stateDir);
  if (child.exitCode !== null || !identity) throw new LabError(await explain(start, 'did not start'));
  return {
    pid: identity.pid,
    go() {
      stdin.on('error', () => undefined);
      stdin.end('go\n');
      stdout.destroy();
      child.unref();
    },
  };
}

function environment(start: HostStart): Record<string, string> {
  const { size, noexec } = start.options.tmp ?? {};
  return {
    PATH: ADMIN_PATH,
    LC_ALL: 'C',
    LAB_NAME: start.name,
    LAB_ADDRESS: start.address,
    LAB_ADDRESS6: start.address6,
    LAB_STATE: start.stateDir,
    LAB_DISK: start.disk,
    LAB_LOWER: start.lowerDirs,
    LAB_SYSTEMD: start.systemd ?? '',
    LAB_CGROUP: start.cgroup ?? '',
    LAB_CAPABILITIES: WITHHELD_CAPABILITIES,
    LAB_TMP: `${size ? `,size=${size}` : ''}${noexec ? ',noexec' : ''}`,
    LAB_READONLY: (start.options.readOnly ?? []).join(' '),
  };
}

/** Wait until the host's sshd greets; fails with the host's log when its first process ends before that. */
export async function waitForSshd(start: HostStart, alive: () => Promise<boolean>): Promise<void> {
  const limitMs = 60_000;
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(10)) {
    if ((await hasCarrier(start.cable)) && (await greets(start.address))) return;
    if (!(await alive())) throw new LabError(await explain(start, 'ended while it started'));
  }
  throw new LabError(await explain(start, `has no sshd on ${start.address}:22 after ${limitMs / 1000} s`));
}

/** Asking an address before its interface is up costs a second: the kernel repeats its question no sooner. */
async function hasCarrier(cable: string): Promise<boolean> {
  const carrier = await readFile(`/sys/class/net/${cable}/carrier`, 'utf8').catch(() => '');
  return carrier.trim() === '1';
}

function greets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, noDelay: true });
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', (bytes) => finish(bytes.toString('latin1').startsWith('SSH-')));
  });
}

async function explain(start: HostStart, what: string): Promise<string> {
  const log = await readFile(`${start.stateDir}/log`, 'utf8').catch(() => '');
  const tail = log.trim().split('\n').slice(-5).join('\n');
  return `lab host ${start.name} ${what}${tail ? `; its log ends with:\n${tail}` : ''}`;
}
