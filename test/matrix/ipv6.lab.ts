import { expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { newerRedisSource } from '../redis-source.ts';
import { journey } from './journey.ts';

const nameOf = ({ name }: LabHost): string => `${name}.redis.test`;

/** As people write an address who do not know its canonical form; each host's in a way of its own. */
function oddly({ name, address6 }: LabHost): string {
  const words = address6.split('::').flatMap((half) => [half.split(':')]);
  const [front = [], back = []] = words;
  const all = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  const full = all.map((word) => word.padStart(4, '0')).join(':');
  return name === 'h1' ? full : name === 'h2' ? full.toUpperCase() : `[${address6}]`;
}

/** Clients on the hosts are sent to names, which only the hosts know. */
async function nameHosts(lab: Lab): Promise<void> {
  const lines = lab.hosts.map((host) => `${host.address6} ${nameOf(host)}\n`).join('');
  for (const host of lab.hosts) {
    expect(await host.exec('cat >>/etc/hosts', { stdin: lines })).toMatchObject({ rc: 0 });
  }
}

journey(
  'Redis 8.0 over IPv6, with host names',
  {
    name: 'ipv6',
    source: newerRedisSource,
    prepare: nameHosts,
    hostVars: (host) => ({ ansible_host: host.address6, redis_address: oddly(host) }),
    config: {
      'cluster-announce-hostname': '{{ inventory_hostname }}.redis.test',
      'cluster-preferred-endpoint-type': 'hostname',
    },
    cliOptions: (host) => `-h ${host.address6}`,
  },
  (site, shape) => {
    it('has no member at an IPv4 address, and sends clients to names', async () => {
      for (const nodes of await site().askAll(shape, 'CLUSTER NODES')) {
        expect(nodes).not.toMatch(/ \d+\.\d+\.\d+\.\d+:/);
        for (const name of Object.keys(shape.ports)) expect(nodes).toContain(`,${nameOf(site().lab.host(name))}`);
      }
      const sent = await site().askAll(shape, 'GET key:of-one-slot');
      expect(sent.filter((reply) => /^MOVED \d+ h\d\.redis\.test:\d+$/.test(reply))).toHaveLength(sent.length - 1);
    });
  },
);
