import { chmod, link, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runCommand } from './command.ts';
import { type HostFile, makeDir, writeFiles } from './layer-files.ts';
import type { LabPlaces } from './places.ts';
import { unitFiles } from './units.ts';

/** Top-level directories that an operating system's packages live in; all others are the machine owner's own. */
const SYSTEM_DIRS = new Set('bin boot etc lib lib32 lib64 libx32 proc sbin sys usr var'.split(' '));

/** Directories that start empty on a fresh host, with their modes. */
const FRESH_DIRS: Readonly<Record<string, number>> = {
  'etc/profile.d': 0o755,
  'etc/ssh': 0o755,
  'etc/sudoers.d': 0o750,
  'etc/systemd/system': 0o755,
  'root/.ssh': 0o700,
  'var/log': 0o755,
  'var/tmp': 0o1777,
  dev: 0o755,
  home: 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  sys: 0o555,
  tmp: 0o1777,
};

/** Nothing of an installed Redis or of an earlier deployment may show on a host, nor the machine's own configuration. */
const HIDDEN = [
  'var/cache/rcdeploy',
  'var/lib/rcdeploy',
  'var/spool/cron',
  'etc/apt/auth.conf',
  'usr/sbin/policy-rc.d',
];
const REDIS_NAME = /^(redis|valkey)/;
const REDIS_DIRS =
  `etc etc/default etc/init.d etc/logrotate.d usr/bin usr/sbin usr/local/bin usr/local/sbin usr/local/etc
  usr/lib/systemd/system usr/share usr/lib usr/lib/tmpfiles.d usr/lib/sysusers.d var/lib var/cache
  var/lib/dpkg/info`.split(/\s+/);

/** The account files of /etc, where a redis package leaves its user. */
const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

export interface CommonFiles {
  readonly publicKey: string;
  /** Content of /etc/hosts. */
  readonly hosts: string;
  /** Neighbours for `ip -batch`; empty in small labs, which learn them. */
  readonly neighbours: string;
}

/**
 * Make the two layers that all hosts of a lab share, above the machine's root: `hide` holds whiteouts for what a fresh
 * host does not have, `files` what every host has.
 */
export async function createLayers(places: LabPlaces, common: CommonFiles): Promise<void> {
  const { files, hide } = layersOf(places);
  await hideNames(hide, whiteoutOf(places), await namesToHide());
  for (const [dir, mode] of Object.entries(FRESH_DIRS)) {
    await makeDir(files, dir);
    await chmod(`${files}/${dir}`, mode);
  }
  for (const dir of ['dev/pts', 'dev/shm']) await makeDir(files, dir);
  await runCommand(['cp', '-a', ...DEVICES.map((device) => `/dev/${device}`), `${files}/dev/`]);
  await runCommand(['ln', '-s', 'pts/ptmx', `${files}/dev/ptmx`]);
  await runCommand(['ln', '-s', '/proc/self/fd', `${files}/dev/fd`]);
  await writeFiles(files, await commonFiles(common));
  await unitFiles(`${files}/etc/systemd/system`);
}

/** The value of overlayfs's `lowerdir` for every host of the lab, the topmost layer first. */
export function lowerDirsOf(places: LabPlaces): string {
  const { files, hide } = layersOf(places);
  return `${files}:${hide}:/`;
}

export function layersOf(places: LabPlaces): { files: string; hide: string } {
  return { files: `${places.disks}/files`, hide: `${places.disks}/hide` };
}

export function whiteoutOf(places: LabPlaces): string {
  return `${places.disks}/whiteout`;
}

async function namesToHide(): Promise<string[]> {
  const names = new Set([...HIDDEN, ...Object.keys(FRESH_DIRS).filter((dir) => dir.includes('/'))]);
  names.delete('root/.ssh');
  for (const entry of await readdir('/', { withFileTypes: true })) {
    if (!SYSTEM_DIRS.has(entry.name) && !entry.isSymbolicLink()) names.add(entry.name);
  }
  for (const dir of REDIS_DIRS) {
    for (const name of await readdir(`/${dir}`).catch(() => [])) {
      if (REDIS_NAME.test(name)) names.add(`${dir}/${name}`);
    }
  }
  return [...names];
}

/** A character device 0:0 hides the name in the layers below; one inode serves for all names. */
async function hideNames(layer: string, whiteout: string, names: readonly string[]): Promise<void> {
  await runCommand(['mknod', whiteout, 'c', '0', '0']);
  for (const name of names) {
    await makeDir(layer, dirname(name));
    await link(whiteout, `${layer}/${name}`);
  }
}

async function commonFiles(common: CommonFiles): Promise<HostFile[]> {
  const files: HostFile[] = [
    { path: 'etc/hosts', text: common.hosts },
    { path: 'etc/environment', text: '' },
    // The machine's disks are not the host's: systemd would wait for them.
    { path: 'etc/crypttab', text: '' },
    { path: 'etc/fstab', text: '' },
    { path: 'root/.ssh/authorized_keys', text: common.publicKey, mode: 0o600 },
    { path: 'etc/lab-neighbours', text: common.neighbours },
  ];
  for (const name of ACCOUNT_FILES) {
    const text = await readFile(`/etc/${name}`, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const mode = name.endsWith('shadow') ? 0o640 : 0o644;
    files.push({ path: `etc/${name}`, text: text.replace(/^(redis|valkey):.*\n/gm, ''), mode });
  }
  const status = await readFile('/var/lib/dpkg/status', 'utf8').catch(() => '');
  const without = status.split(/\n\n/).filter((entry) => !/^Package: (redis|valkey)/m.test(entry));
  if (status) files.push({ path: 'var/lib/dpkg/status', text: without.join('\n\n') });
  // dpkg installs nothing at all while a file belongs to a user that is not there.
  const overrides = await readFile('/var/lib/dpkg/statoverride', 'utf8').catch(() => '');
  if (overrides)
    files.push({ path: 'var/lib/dpkg/statoverride', text: overrides.replace(/^(redis|valkey) .*\n/gm, '') });
  return files;
}
