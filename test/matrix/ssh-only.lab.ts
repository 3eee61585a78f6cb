import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { redisSource } from '../redis-source.ts';
import { journey } from './journey.ts';

const PORTS = '6379-6381, 16379-16381';

/** The hosts' own packet filter turns this machine away from every port of a node, and counts how often it had to. */
async function closePorts(lab: Lab): Promise<void> {
  const rule = (family: string, from: string): string =>
    `${family} saddr ${from} tcp dport { ${PORTS} } counter name turned_away reject with tcp reset`;
  const rules = `table inet closed {
    counter turned_away { }
    chain incoming {
      type filter hook input priority 0;
      ${rule('ip', `${lab.subnet}.254`)}
    }
  }`;
  for (const host of lab.hosts) expect(await host.exec('nft -f -', { stdin: rules })).toMatchObject({ rc: 0 });
}

const turnedAway = async (lab: Lab): Promise<number[]> =>
  await Promise.all(
    lab.hosts.map(async (host) => {
      const { stdout } = await host.exec('nft list counter inet closed turned_away');
      return Number(/packets (\d+)/.exec(stdout)?.[1]);
    }),
  );

async function connectError(host: string, port: number): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve('connected'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
  });
}

journey('Redis 7.0 through SSH only', { name: 'ssh-only', source: redisSource, prepare: closePorts }, (site, shape) => {
  it('is reached through SSH: no node answers this machine, and nobody tried', async () => {
    const { lab } = site();
    expect(await turnedAway(lab)).toEqual(lab.hosts.map(() => 0));
    for (const name of Object.keys(shape.ports)) {
      expect(await connectError(lab.host(name).address, 6379)).toBe('ECONNREFUSED');
    }
    expect(await turnedAway(lab)).not.toContain(Number.NaN);
  });
});
