import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { inventoryText } from '../../src/lab/inventory-file.ts';
import { dropRules, hardwareAddress, hostAddress6, neighbourLines } from '../../src/lab/network.ts';
import { cableOf, placesOf } from '../../src/lab/places.ts';
import type { LabRecord } from '../../src/lab/record.ts';

test('addresses follow from the subnet and the number', () => {
  expect(hardwareAddress('10.77.3', 200)).toBe('02:00:0a:4d:03:c8');
  expect(hostAddress6('10.77.3', 16)).toBe('fd77:a:4d:3::10');
  expect(hostAddress6('10.77.0', 1)).toBe('fd77:a:4d::1');
  expect(neighbourLines('10.77.3', 2, 'eth0')).toEqual([
    'neigh replace 10.77.3.1 lladdr 02:00:0a:4d:03:01 dev eth0 nud permanent',
    'neigh replace 10.77.3.2 lladdr 02:00:0a:4d:03:02 dev eth0 nud permanent',
  ]);
});

test('interface names fit into 15 characters', () => {
  const places = placesOf('a-name-of-thirty-two-characters1');
  expect(cableOf(places, 200).length).toBeLessThanOrEqual(15);
});

test('a dropped port is dropped both ways', () => {
  expect(dropRules({ port: 16379 })).toContain('incoming tcp dport 16379 drop');
  expect(dropRules({ port: 16379 })).toContain('outgoing tcp sport 16379 drop');
  expect(dropRules({ peer: '10.77.3.2' })).toContain('outgoing ip daddr 10.77.3.2 drop');
});

test('the inventory names every host with its address and zone', () => {
  const places = placesOf('try');
  const hosts = [1, 2].map((number) => ({
    name: `h${number}`,
    number,
    zone: `z${number}`,
    systemd: false,
    options: {},
  }));
  const record: LabRecord = {
    name: 'try',
    subnet: '10.77.3',
    hosts,
    creator: { pid: 1, parent: 0, startTime: '1' },
    complete: true,
  };
  expect(parse(inventoryText(places, record))).toEqual({
    all: {
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: '/run/rcdeploy-lab/try/id_ed25519',
        ansible_ssh_common_args: '-o UserKnownHostsFile=/run/rcdeploy-lab/try/known_hosts',
      },
      children: {
        redis: {
          hosts: { h1: { ansible_host: '10.77.3.1', zone: 'z1' }, h2: { ansible_host: '10.77.3.2', zone: 'z2' } },
        },
      },
    },
  });
});
