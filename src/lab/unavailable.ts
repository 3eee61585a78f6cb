import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform, userInfo } from 'node:os';
import { ADMIN_PATH } from './command.ts';
import { findProgram } from './programs.ts';

/** Programs that a lab runs on this machine, and the Debian package that brings each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  ip: 'iproute2',
  nft: 'nftables',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  pivot_root: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
};

/** Why no lab can be made on this machine, with the command that helps where there is one; undefined when one can. */
export function labUnavailable(): string | undefined {
  if (platform() !== 'linux') return `a lab needs Linux (this is ${platform()})`;
  if (userInfo().uid !== 0) return 'a lab needs root: sudo rcdeploy lab …';
  if (!ownsAllUsers()) return 'a lab needs root of the machine itself, not of a user namespace or rootless container';
  const missing = Object.keys(PROGRAMS).filter((program) => !findProgram(program));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((program) => PROGRAMS[program]))].join(' ');
    return `a lab needs ${missing.join(', ')}: apt-get install ${packages}`;
  }
  return namespacesRefused() ?? overlayMissing();
}

/** In a user namespace root may neither make device nodes nor mount an overlay of what it does not own. */
function ownsAllUsers(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

function namespacesRefused(): string | undefined {
  const refused = tryQuietly('unshare', ['-m', '-p', '-u', '-i', '-n', '-f', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']);
  return refused && `a lab needs namespaces and mounts, which this machine refuses (${refused})`;
}

function overlayMissing(): string | undefined {
  if (/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))) return undefined;
  const refused = tryQuietly('modprobe', ['overlay']);
  return refused && `a lab needs the overlay file system, which this kernel lacks (${refused})`;
}

function tryQuietly(program: string, args: readonly string[]): string | undefined {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: ADMIN_PATH, LC_ALL: 'C' } });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
  }
}
