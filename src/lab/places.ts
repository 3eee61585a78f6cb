import { createHash } from 'node:crypto';

/** Where labs keep their state. It is gone after a reboot of the machine, and so are the labs. */
export const LABS_DIR = '/run/rcdeploy-lab';

/** Whose subnet is whose: symbolic links named after the subnet, pointing at the lab's name. */
export const CLAIMS_DIR = `${LABS_DIR}/.subnets`;

/** Every path and name that a lab has on this machine, known from its name alone, so that `down` needs no memory. */
export interface LabPlaces {
  readonly name: string;
  readonly dir: string;
  readonly record: string;
  /** A tmpfs with the hosts' disks. */
  readonly disks: string;
  readonly hosts: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly inventoryFile: string;
  /** Network interface names hold at most 15 characters: bridge, and the prefix of each host's cable. */
  readonly bridge: string;
  /** Name of the cgroup that systemd hosts live in. */
  readonly cgroup: string;
}

export function placesOf(name: string): LabPlaces {
  const dir = `${LABS_DIR}/${name}`;
  return {
    name,
    dir,
    record: `${dir}/lab.json`,
    disks: `${dir}/disks`,
    hosts: `${dir}/hosts`,
    keyFile: `${dir}/id_ed25519`,
    knownHostsFile: `${dir}/known_hosts`,
    inventoryFile: `${dir}/inventory.yml`,
    bridge: `rl${createHash('sha256').update(name).digest('hex').slice(0, 7)}`,
    cgroup: `rcdeploy-lab-${name}`,
  };
}

/** The lab's end of a host's cable. */
export function cableOf(places: LabPlaces, number: number): string {
  return `${places.bridge}-${number}`;
}
