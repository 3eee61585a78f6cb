import { mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './contract.ts';
import type { LabPlaces } from './places.ts';

/** Where cgroup2 is mounted: /sys/fs/cgroup on new systems, /sys/fs/cgroup/unified beside version 1. */
async function cgroupRoot(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const line = mounts.split('\n').find((mount) => mount.split(' ')[2] === 'cgroup2');
  return line?.split(' ')[1];
}

/** A cgroup for one systemd host: two systemds in the same one would end each other's services. */
export async function createCgroup(places: LabPlaces, host: string): Promise<string> {
  const root = await cgroupRoot();
  if (!root) throw new LabError('hosts with systemd need cgroup2 mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup');
  const path = `${root}/${places.cgroup}/${host}`;
  await mkdir(path, { recursive: true });
  return path;
}

/** Remove the lab's cgroups, the deepest first; their processes have ended. */
export async function removeCgroups(places: LabPlaces): Promise<void> {
  const root = await cgroupRoot();
  if (root) await removeTree(`${root}/${places.cgroup}`);
}

async function removeTree(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(`${path}/${entry.name}`);
  }
  // A cgroup stays busy for a moment after its last process was reaped.
  for (const deadline = Date.now() + 5_000; ; await sleep(5)) {
    try {
      return await rmdir(path);
    } catch (error) {
      if (Date.now() > deadline) throw new LabError(`cannot remove ${path}: ${String(error)}`);
    }
  }
}
