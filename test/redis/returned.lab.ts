import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { buildHere } from '../modules/redis/build-here.ts';
import { valkeySource } from '../redis-source.ts';
import { command, declared, localIo, Servers } from './servers.ts';

const ports = [17481, 17482, 17483, 17484, 17485, 17486];
const BAN_S = 8;

/** Valkey has a setting for how long the ban lasts that a FORGET brings about; Redis 7.2 and later have one minute. */
describe('a node that was forgotten and comes back', () => {
  const cluster = declared(
    ports,
    { nodeTimeoutMs: 2000 },
    ports.map(() => 'here'),
  );
  const told: string[] = [];
  const io = localIo({ progress: (text) => told.push(text) });
  const bring = async () => await form(cluster, await observeAll(cluster, io), io, { stallMs: 8000 });
  let base: string;
  let servers: Servers;
  beforeAll(async () => {
    base = mkdtempSync('/tmp/rcdeploy-returned-test.');
    servers = new Servers(`${await buildHere(await valkeySource(), base)}/valkey-server`);
    const settings = ['--cluster-blacklist-ttl', String(BAN_S), '--repl-diskless-sync-delay', '0'];
    await Promise.all(ports.map(async (port) => await servers.start(port, settings)));
    await bring();
  }, 600_000);
  afterAll(async () => {
    await servers?.stopAll();
    rmSync(base, { recursive: true, force: true });
  });

  /** Has all others forget a replica, and gives the time since then. */
  async function forgetOne(): Promise<{ node: DeclaredNode; sinceMs: () => number }> {
    const views = await observeAll(cluster, io);
    const gone = views.filter((view) => view.seen).find(({ role }) => role === 'replica');
    if (!gone) throw new Error('no replica');
    const began = performance.now();
    for (const port of ports)
      if (port !== gone.node.port) expect(await command(port, ['CLUSTER', 'FORGET', gone.self.id])).toBe('OK');
    return { node: gone.node, sinceMs: () => performance.now() - began };
  }

  it.each([
    ['as it was', undefined],
    ['without knowing anybody', ['CLUSTER', 'RESET', 'SOFT']],
  ])('%s, is a member again once its ban is over, which is said', async (_, reset) => {
    told.length = 0;
    const { node, sinceMs } = await forgetOne();
    if (reset) expect(await command(node.port, reset)).toBe('OK');
    await bring();
    expect(sinceMs()).toBeGreaterThan((BAN_S - 1) * 1000);
    expect(told).toContainEqual(
      expect.stringMatching(
        new RegExp(`here:${node.port} .* was forgotten, and the others drop it again until that is ${BAN_S} s ago$`),
      ),
    );
    expect(verify(cluster, await observeAll(cluster, io), { placement: false })).toEqual([]);
  });
});
