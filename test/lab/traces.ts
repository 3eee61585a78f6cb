import { readdir, readFile, readlink } from 'node:fs/promises';
import { CLAIMS_DIR, placesOf } from '../../src/lab/places.ts';

/** What a lab has on this machine, counted. */
export interface Traces {
  readonly links: number;
  readonly mounts: number;
  readonly dirs: number;
  readonly cgroups: number;
  readonly claims: number;
}

export const NOTHING: Traces = { links: 0, mounts: 0, dirs: 0, cgroups: 0, claims: 0 };

export async function traces(name: string): Promise<Traces> {
  const places = placesOf(name);
  const links = await readdir('/sys/class/net');
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const cgroupRoot = mounts.match(/^\S+ (\S+) cgroup2 /m)?.[1] ?? '/sys/fs/cgroup';
  const claims = await readdir(CLAIMS_DIR);
  const owners = await Promise.all(claims.map((claim) => readlink(`${CLAIMS_DIR}/${claim}`).catch(() => '')));
  return {
    links: links.filter((link) => link.startsWith(places.bridge)).length,
    mounts: mounts.split('\n').filter((line) => line.includes(`${places.dir}/`)).length,
    dirs: (await readdir('/run/rcdeploy-lab')).filter((dir) => dir === name || dir.startsWith(`.new-${name}-`)).length,
    cgroups: (await readdir(cgroupRoot)).filter((cgroup) => cgroup === places.cgroup).length,
    claims: owners.filter((owner) => owner === name).length,
  };
}

/** How many processes run in a lab's hosts, or are about to become one. */
export async function processesOf(name: string): Promise<number> {
  const { dir, disks } = placesOf(name);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = pids.map(async (pid) => {
    const mounts = await readFile(`/proc/${pid}/mounts`, 'utf8').catch(() => '');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    return mounts.includes(`upperdir=${disks}/`) || environment.includes(`LAB_STATE=${dir}/`);
  });
  return (await Promise.all(found)).filter(Boolean).length;
}
