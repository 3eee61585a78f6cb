import { readFile, rm } from 'node:fs/promises';
import { removeCgroups } from './cgroup.ts';
import { runCommand } from './command.ts';
import { removeLinks } from './network.ts';
import { type LabPlaces, placesOf } from './places.ts';
import { endProcesses, recordedProcesses } from './processes.ts';
import { ownIdentity, readRecord, recordedLabs } from './record.ts';
import { releaseSubnets } from './subnet.ts';

/** Remove all that a lab made, in whatever state it is. Every step stands alone: after a crash, do them again. */
export async function removeLab(name: string): Promise<boolean> {
  const places = placesOf(name);
  if (!(await recordedLabs()).includes(name)) return false;
  await endHosts(places);
  await removeLinks(places);
  await removeDisks(places);
  await removeCgroups(places);
  await releaseSubnets(name);
  await rm(places.dir, { recursive: true, force: true });
  return true;
}

/** A host's first process takes its whole pid namespace with it; its parent, `unshare`, ends after it. */
async function endHosts(places: LabPlaces): Promise<void> {
  const record = await readRecord(places);
  // A creator that died a moment ago leaves hosts that wait for it; they see its end and go too, recorded or not.
  if (record && !record.complete && record.creator.pid !== (await ownIdentity()).pid) {
    await endProcesses([record.creator]);
  }
  await endProcesses(await recordedProcesses(places.hosts));
}

async function removeDisks(places: LabPlaces): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const mounted = mounts.split('\n').filter((line) => line.split(' ')[1] === places.disks).length;
  // Files first: a mount namespace made meanwhile may hold a copy of the mount, and with it the memory.
  await rm(places.disks, { recursive: true, force: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY') throw error;
  });
  for (let index = 0; index < mounted; index++) await runCommand(['umount', '-l', places.disks]);
}
