import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { becomeBusybox } from './busybox.ts';
import { runCommand } from './command.ts';
import type { HostOptions } from './contract.ts';
import { makeDir, writeFiles } from './layer-files.ts';
import { layersOf, whiteoutOf } from './layers.ts';
import type { LabPlaces } from './places.ts';
import { createUsers } from './users.ts';

/** Make a host's own disk: the overlay's upper layer with what differs from host to host. Returns its public host key. */
export async function createDisk(places: LabPlaces, name: string, options: HostOptions): Promise<string> {
  const disk = `${places.disks}/${name}`;
  for (const dir of ['upper', 'work', 'root', 'upper/root']) await makeDir(disk, dir);
  const upper = `${disk}/upper`;
  await chmod(`${upper}/root`, 0o700);
  await writeFiles(upper, [
    { path: 'etc/hostname', text: `${name}\n` },
    { path: 'etc/machine-id', text: `${randomBytes(16).toString('hex')}\n`, mode: 0o444 },
    { path: 'etc/ssh/sshd_config', text: sshdConfig(options) },
  ]);
  if (options.busybox) await becomeBusybox(upper, whiteoutOf(places));
  await createUsers(upper, layersOf(places).files, options);
  return createKey(`${upper}/etc/ssh/ssh_host_ed25519_key`, name);
}

/** Debian's defaults, so that what works here works there: PAM, MaxSessions 10, MaxStartups 10:30:100. */
function sshdConfig(options: HostOptions): string {
  const sftp = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'].find((path) => existsSync(path));
  const lines = [
    ...(options.sshd ?? []),
    ...(options.lang ? [`SetEnv LANG=${options.lang}`] : []),
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'PermitRootLogin prohibit-password',
    'UsePAM yes',
    'PrintMotd no',
    'AcceptEnv LANG LC_*',
  ];
  if (options.sftp !== false) lines.push(`Subsystem sftp ${sftp ?? 'internal-sftp'}`);
  return `${lines.join('\n')}\n`;
}

/** A new ed25519 key pair; returns the public half as `ssh-ed25519 AAAA…`. */
export async function createKey(path: string, comment: string): Promise<string> {
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path]);
  const text = await runCommand(['cat', `${path}.pub`]);
  return text.split(' ').slice(0, 2).join(' ').trim();
}
