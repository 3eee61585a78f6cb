import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';

/** Units of an installed system that would reach past a lab host, or wait for hardware that it does not have. */
const MASKED = `console-getty.service dev-hugepages.mount dev-mqueue.mount e2scrub_reap.service getty.target
  kmod-static-nodes.service proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount sys-kernel-config.mount
  sys-kernel-debug.mount sys-kernel-tracing.mount systemd-binfmt.service systemd-firstboot.service
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-modules-load.service
  systemd-networkd-wait-online.service systemd-remount-fs.service systemd-sysctl.service
  systemd-timesyncd.service systemd-udevd.service systemd-udev-trigger.service tmp.mount`.split(/\s+/);

/** What systemd hosts start: sshd, and what their distribution's own units pull in. */
export async function unitFiles(dir: string): Promise<void> {
  for (const unit of MASKED) await symlink('/dev/null', `${dir}/${unit}`);
  await mkdir(`${dir}/multi-user.target.wants`);
  const units = unitDir();
  await symlink(`${units}/multi-user.target`, `${dir}/default.target`);
  const ssh = existsSync(`${units}/ssh.service`) ? 'ssh.service' : 'sshd.service';
  await symlink(`${units}/${ssh}`, `${dir}/multi-user.target.wants/${ssh}`);
  if (ssh === 'ssh.service') await symlink(`${units}/${ssh}`, `${dir}/sshd.service`);
}

function unitDir(): string {
  return existsSync('/usr/lib/systemd/system') ? '/usr/lib/systemd/system' : '/lib/systemd/system';
}

/** The systemd of this machine, when it has one. */
export function systemdProgram(): string | undefined {
  return ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find((path) => existsSync(path));
}

/** What a systemd host takes of fs.inotify.max_user_instances, which all hosts' root share; 4 were counted, 6 with a few services. */
const INOTIFY_PER_HOST = 6;

/** Why so many hosts with systemd are too many for this machine; undefined when they are not. */
export function tooManySystemds(hosts: number): string | undefined {
  const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
  const needed = hosts * INOTIFY_PER_HOST;
  if (needed <= limit) return undefined;
  return `${hosts} hosts with systemd need ${needed} inotify instances, this machine allows ${limit}: sysctl fs.inotify.max_user_instances=${2 * needed}`;
}
