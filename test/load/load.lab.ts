import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { command, declared, localIo, Servers, until } from '../redis/servers.ts';
import { figuresLine, type Load, startLoad } from './load.ts';

const ports = [17301, 17302, 17303, 17304, 17305, 17306];

/** The load must see what it is there to see: each fault that it is to find is made, and found. */
describe('the load', () => {
  const servers = new Servers();
  let load: Load;
  beforeEach(async () => {
    await Promise.all(ports.map(async (port) => await servers.start(port)));
    const cluster = declared(ports);
    await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 15_000 });
    load = await startLoad({ seeds: [{ host: '127.0.0.1', port: 17301 }], writers: 3 });
  });
  afterEach(async () => {
    load.abandon();
    await servers.stopAll();
  });

  it('sees nothing wrong where nothing is, and a failover by its gap', async () => {
    await load.more(100);
    expect(await command(17304, ['CLUSTER', 'FAILOVER'])).toBe('OK');
    await until(async () => String(await command(17304, ['ROLE'])).startsWith('master'), '17304 is a master');
    await until(async () => String(await command(17301, ['ROLE'])).includes('connected'), '17301 is in sync');
    await load.more(100);
    const figures = await load.stop();
    console.log(figuresLine('failover', figures));
    expect(figures).toMatchObject({ lost: 0, mostDown: 0, errors: [], wrongReads: 0 });
    expect(figures.acknowledged).toBeGreaterThan(200);
    expect(figures.mostOut).toBeLessThanOrEqual(1);
    expect(figures.shards).toHaveLength(3);
    const incidents = figures.incidents.join('\n');
    expect(incidents).toMatch(/127\.0\.0\.1:17304 master$/m);
    expect(incidents).toMatch(/127\.0\.0\.1:17301 replica of 127\.0\.0\.1:17304$/m);
  });

  it('sees two nodes of a shard down, the time without a master, and the writes that went with them', async () => {
    const downMs = 1500;
    await load.more(100);
    await servers.kill(17304);
    await servers.kill(17301);
    // No wait for a condition: how long both are down is what the sampler has to tell.
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await servers.start(17301);
    await servers.start(17304);
    await until(async () => String(await command(17301, ['CLUSTER', 'INFO'])).includes('cluster_state:ok'), 'ok again');
    const figures = await load.stop();
    expect(figures.mostDown).toBe(2);
    expect(Math.max(...figures.shards.map(({ longestMs }) => longestMs))).toBeGreaterThan(downMs - 100);
    expect(figures.lost).toBeGreaterThan(0);
    expect(figures.lostKeys[0]).toMatch(/^load:\d+$/);
  });
});
