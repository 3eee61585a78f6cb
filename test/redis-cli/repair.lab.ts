import { afterAll, beforeAll, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { describeBeside, redisCli } from './redis-cli.ts';

const ports = [21361, 21362, 21363, 21364, 21365, 21366];
const [first = 0, , third = 0, fourth = 0, fifth = 0] = ports;
const seed = `127.0.0.1:${first}`;

/** In the order in which they are told, on one cluster. */
describeBeside('what goes wrong later, by redis-cli and by us', () => {
  const servers = new Servers();
  const password = 'secret-word';
  const clusterOf = (given: readonly number[], lost: readonly number[] = []) => {
    const open = declared(
      given,
      { nodeTimeoutMs: 1000 },
      given.map((port) => `h${port % 10}`),
    );
    const gone = lost.map((port) => ({ host: `h${port % 10}`, address: '127.0.0.1', ports: [port] }));
    return { ...open, lost: gone, nodes: open.nodes.map((node) => ({ ...node, auth: { password } })) };
  };
  const messages = async (given = ports) =>
    verify(clusterOf(given), await observeAll(clusterOf(given), localIo()), { placement: true }).map(
      ({ message }) => message,
    );
  const ours = async (cluster: DeclaredCluster) =>
    await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 20_000 });
  const tell = (port: number, ...words: string[]) => command(port, words, { password });

  beforeAll(async () => {
    await Promise.all(
      ports.map((port) =>
        servers.start(port, ['--requirepass', password, '--masterauth', password, '--cluster-node-timeout', '1000']),
      ),
    );
    const cluster = clusterOf(ports);
    await ours(cluster);
  });
  afterAll(() => servers.stopAll());

  it('a replica without a link to its master: agreement, exit 0; names it', async () => {
    await tell(fourth, 'CONFIG', 'SET', 'masterauth', 'another');
    await tell(first, 'CONFIG', 'SET', 'repl-backlog-size', '16384');
    await tell(first, 'CLIENT', 'KILL', 'TYPE', 'replica');
    await until(
      async () => String(await tell(fourth, 'INFO', 'replication')).includes('master_link_status:down'),
      'no link',
    );
    const theirs = await redisCli(['check', seed, '-a', password]);
    expect(theirs.exit).toBe(0);
    expect(theirs.text).toContain('[OK] All nodes agree about slots configuration.');
    expect((await messages()).join('\n')).toMatch(/h4:21364 .* has no replication link to its master h1:21361/);
    await tell(fourth, 'CONFIG', 'SET', 'masterauth', password);
    await until(async () => (await messages()).length === 0, 'the link again');
  });

  it('a slot without an owner: fix asks, --cluster-yes or not, and leaves it; the finding is there without a question', async () => {
    // Without any key in the cluster, nothing would be given up with the slot.
    expect(await tell(third, 'SET', 'foo', 'bar')).toBe('OK');
    for (const port of ports) await tell(port, 'CLUSTER', 'DELSLOTS', '16383');
    const theirs = await redisCli(['fix', seed, '-a', password, '--cluster-yes']);
    expect(theirs.text).toMatch(/Fix these slots by covering with a random node\? \(type 'yes' to accept\)/);
    expect((await messages()).join('\n')).toContain('1 of 16384 slots have no owner: 16383');
    await expect(ours(clusterOf(ports))).rejects.toThrow(/no node owns slots 16383/);
    await tell(third, 'CLUSTER', 'ADDSLOTS', '16383');
    await until(async () => (await messages()).length === 0, 'all slots');
  });

  it('an open slot: moves none while there is one; closes it and goes on', async () => {
    const [from, to] = [String(await tell(third, 'CLUSTER', 'MYID')), String(await tell(first, 'CLUSTER', 'MYID'))];
    await tell(first, 'CLUSTER', 'SETSLOT', '12182', 'IMPORTING', from);
    await tell(third, 'CLUSTER', 'SETSLOT', '12182', 'MIGRATING', to);
    const move = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', '10', '--cluster-yes'];
    const theirs = await redisCli(['reshard', seed, '-a', password, ...move]);
    expect(theirs.exit).toBe(1);
    expect(theirs.text).toContain('Please fix your cluster problems before resharding');
    const { steps } = await ours(clusterOf(ports));
    expect(steps.join('\n')).toContain('12182');
    await until(async () => (await messages()).length === 0, 'no open slot');
    expect([await tell(first, 'GET', 'foo'), await tell(third, 'GET', 'foo')]).toContain('bar');
  });

  it('a dead node: del-node knows none; forgotten everywhere when it is declared lost', async () => {
    const dead = String(await tell(fifth, 'CLUSTER', 'MYID'));
    await servers.kill(fifth);
    await until(async () => String(await tell(first, 'CLUSTER', 'NODES')).includes('slave,fail '), 'fail');
    const theirs = await redisCli(['del-node', seed, dead, '-a', password]);
    expect(theirs.exit).toBe(1);
    expect(theirs.text).toContain(`[ERR] No such node ID ${dead}`);
    expect(String(await tell(first, 'CLUSTER', 'NODES'))).toContain(dead);
    const rest = ports.filter((port) => port !== fifth);
    const cluster = clusterOf(rest, [fifth]);
    await ours(cluster);
    for (const port of rest) expect(String(await tell(port, 'CLUSTER', 'NODES'))).not.toContain(dead);
  });
});
