import { stringify } from 'yaml';
import { hostAddress } from './network.ts';
import type { LabPlaces } from './places.ts';
import type { LabRecord } from './record.ts';

/** The lab as an inventory: group `redis` with every host, how to log in, and each host's zone. */
export function inventoryText(places: LabPlaces, record: LabRecord): string {
  const hosts = record.hosts.map(({ name, number, zone }) => {
    return [name, { ansible_host: hostAddress(record.subnet, number), zone }] as const;
  });
  return stringify({
    all: {
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: places.keyFile,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${places.knownHostsFile}`,
      },
      children: { redis: { hosts: Object.fromEntries(hosts) } },
    },
  });
}
