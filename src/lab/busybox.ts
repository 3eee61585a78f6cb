import { link, readdir, symlink } from 'node:fs/promises';
import { runCommand } from './command.ts';
import { LabError } from './contract.ts';
import { makeDir } from './layer-files.ts';
import { findProgram } from './programs.ts';

/** Applets that sshd, sudo or the lab itself cannot do with: set-uid programs, and util-linux's and iproute2's options. */
const KEPT = new Set('ip login mount nologin passwd setpriv su umount'.split(' '));

/** Programs that BusyBox systems such as Alpine Linux do not have. */
const ABSENT = /^(bash|perl|python)/;

/** Turn a host's disk into a BusyBox system; `whiteout` is the lab's marker of an absent name. */
export async function becomeBusybox(upper: string, whiteout: string): Promise<void> {
  const busybox = findProgram('busybox');
  if (!busybox) throw new LabError('a BusyBox host needs busybox on this machine: apt-get install busybox');
  const applets = new Set((await runCommand([busybox, '--list'])).split('\n'));
  await makeDir(upper, 'usr/bin');
  for (const program of await readdir('/usr/bin')) {
    if (applets.has(program) && !KEPT.has(program)) await symlink(busybox, `${upper}/usr/bin/${program}`);
    if (ABSENT.test(program)) await link(whiteout, `${upper}/usr/bin/${program}`);
  }
}
