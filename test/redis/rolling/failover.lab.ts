import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { form } from '../../../src/redis/cluster/form.ts';
import type { DeclaredCluster, DeclaredNode } from '../../../src/redis/cluster/topology.ts';
import { observeAll } from '../../../src/redis/node/cluster-io.ts';
import { failOver } from '../../../src/redis/rolling/failover.ts';
import { figuresLine, type Load, startLoad } from '../../load/load.ts';
import { ask, command, declared, localIo, Servers, until } from '../servers.ts';

const ports = [17311, 17312, 17313, 17314, 17315, 17316];

describe('a failover without loss', () => {
  const servers = new Servers();
  const cluster: DeclaredCluster = declared(ports);
  const [master, , , replica] = cluster.nodes as [DeclaredNode, DeclaredNode, DeclaredNode, DeclaredNode];
  let load: Load | undefined;
  beforeEach(async () => {
    await Promise.all(ports.map(async (port) => await servers.start(port)));
    await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 15_000 });
  });
  afterEach(async () => {
    load?.abandon();
    await servers.stopAll();
  });

  it('there and back under load: proven by both roles and every master, no write lost', async () => {
    load = await startLoad({ seeds: [{ host: '127.0.0.1', port: 17311 }] });
    const there = await failOver(cluster, replica, localIo());
    expect(there).toMatchObject({ promoted: 'h4:17314', demoted: 'h1:17311', attempts: 1 });
    expect(await command(17314, ['ROLE'])).toContain('master');
    expect(await command(17311, ['ROLE'])).toContain('slave');
    expect(await command(17312, ['CLUSTER', 'NODES'])).toMatch(/127\.0\.0\.1:17314@\d+ master .* 0-5460/);
    await until(async () => String(await command(17311, ['ROLE'])).includes('connected'), '17311 is in sync');
    const back = await failOver(cluster, master, localIo());
    await until(async () => String(await command(17314, ['ROLE'])).includes('connected'), '17314 is in sync');
    await load.more(50);
    const figures = await load.stop();
    console.log(figuresLine(`two failovers (${Math.round(there.ms)} and ${Math.round(back.ms)} ms)`, figures));
    expect(figures).toMatchObject({ lost: 0, errors: [], wrongReads: 0, mostDown: 0 });
    expect(Math.max(...figures.shards.map(({ longestMs }) => longestMs))).toBeLessThan(5000);
  });

  it('there, back and there again, though the masters have just voted for a replica of the same master', async () => {
    for (const port of ports) await command(port, ['CONFIG', 'SET', 'cluster-node-timeout', '5000']);
    const isLinked = async (port: number) =>
      await until(async () => String(await command(port, ['ROLE'])).includes('connected'), `${port} is in sync`);
    await failOver(cluster, replica, localIo());
    await isLinked(17311);
    await failOver(cluster, master, localIo());
    await isLinked(17314);
    const told: string[] = [];
    const again = await failOver(cluster, replica, localIo({ progress: (text) => told.push(text) }));
    expect(again).toMatchObject({ promoted: 'h4:17314', demoted: 'h1:17311' });
    // Who is slow to come so far may be voted for at once.
    expect(told).toHaveLength(again.attempts - 1);
  }, 60_000);

  it('is tried again after the server gave it up, and never forced', async () => {
    const sent: string[] = [];
    const io = localIo({
      query: async (query) => {
        const words = query.commands.map((one) => one.join(' '));
        const asks = words.some((one) => one.startsWith('CLUSTER FAILOVER'));
        if (asks) sent.push(...words);
        // Without two of three votes the first attempt cannot succeed.
        if (asks && sent.length === 1) for (const port of [17312, 17313]) servers.pause(port);
        return await ask(query);
      },
      progress: () => {
        for (const port of [17312, 17313]) servers.resume(port);
      },
    });
    const done = await failOver(cluster, replica, io, { windowMs: 1500 });
    expect(done.attempts).toBeGreaterThan(1);
    expect(new Set(sent)).toEqual(new Set(['CLUSTER FAILOVER']));
    expect(await command(17314, ['ROLE'])).toContain('master');
  });

  it('is refused before anything is asked for where the master cannot hand over', async () => {
    await servers.kill(17311);
    await expect(failOver(cluster, replica, localIo())).rejects.toThrow(
      /cannot take over from its master: the master of h4/,
    );
    await expect(failOver(cluster, cluster.nodes[1] as DeclaredNode, localIo())).rejects.toThrow(/is a master already/);
  });
});
