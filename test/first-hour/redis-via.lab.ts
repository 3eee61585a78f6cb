import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { ask, until } from '../redis/servers.ts';
import { told, tryTask } from './hosts.ts';

const PORTS = { open: 7000, secured: 7001 };
const password = 'not-in-the-clear';

describeLab('nodes of a host whose sshd forbids forwarding', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({
      name: 'nets-via',
      subnet: '10.84.3',
      hosts: 1,
      replace: true,
      everyHost: { sshd: ['AllowTcpForwarding no'] },
    });
    const host = lab.host('h1');
    copyFileSync('/usr/bin/redis-server', `/proc/${host.pid}/root/srv/server`);
    for (const [port, more] of [
      [PORTS.open, '--protected-mode no'],
      [PORTS.secured, `--requirepass ${password}`],
    ] as const) {
      const started = await host.exec(
        `/srv/server --port ${port} --bind ${host.address} --save '' --daemonize yes ${more}`,
      );
      expect(started, started.stderr).toMatchObject({ rc: 0 });
      const auth = port === PORTS.secured ? { auth: { password } } : {};
      const ping = { via: 'h1', address: host.address, port, commands: [['PING']], ...auth };
      await until(async () => (await ask(ping)).ok, `the node on port ${port}`);
    }
  });
  afterAll(() => lab?.down());

  const ping = async (port: number, vars: Record<string, unknown>) => {
    const secret = port === PORTS.secured ? `, password: ${password}` : '';
    const node = `{host: h1, address: ${lab.host('h1').address}, port: ${port}}`;
    const task = `redis_command: {command: PING, nodes: [${node}]${secret}}`;
    const played = await tryTask(lab, { h1: vars }, task);
    return { exit: played.exit, told: told(played) };
  };

  it('are asked directly where nothing secret is sent, and else only when that is wished', async () => {
    expect(await ping(PORTS.open, {})).toMatchObject({ exit: 0 });
    const kept = await ping(PORTS.secured, {});
    expect(kept.exit).toBe(2);
    expect(kept.told).toMatch(
      /sshd on h1 forbids the way to .*AllowTcpForwarding.*redis_via: direct asks from this machine/,
    );
    expect(await ping(PORTS.secured, { redis_via: 'direct' })).toMatchObject({ exit: 0 });
    const strict = await ping(PORTS.open, { redis_via: 'ssh' });
    expect(strict.exit).toBe(2);
    expect(strict.told).toContain('sshd on h1 forbids the way');
    const wrong = await ping(PORTS.open, { redis_via: 'tunnel' });
    expect(wrong.told).toContain('redis_via of h1 is "tunnel" | it is one of auto, ssh, direct');
  });
});
