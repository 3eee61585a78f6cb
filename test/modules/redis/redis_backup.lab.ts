import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisBackup } from '../../../src/modules/redis_backup.ts';
import { redisRestore } from '../../../src/modules/redis_restore.ts';
import type { Manifest } from '../../../src/redis/backup/manifest.ts';
import { RESTORE_MARK } from '../../../src/redis/backup/restore-refusals.ts';
import { form } from '../../../src/redis/cluster/form.ts';
import { observeAll } from '../../../src/redis/node/cluster-io.ts';
import { command, declared, localIo, Servers } from '../../redis/servers.ts';
import { LocalHost } from './local-host.ts';

const first = [21321, 21322, 21323, 21324, 21325, 21326];
const second = [21331, 21332, 21333, 21334, 21335];
const password = 'pass phrase';
const servers = { first: new Servers(), second: new Servers() };
const base = mkdtempSync('/tmp/rcdeploy-backup-test.');
const host = new LocalHost(join(base, 'cache'));
let client: Cluster;

const nodesOf = (ports: readonly number[]) => ports.map((port) => ({ host: 'here', address: '127.0.0.1', port }));
const clusterAt = (port: number) =>
  new Cluster([{ host: '127.0.0.1', port }], { redisOptions: { password }, slotsRefreshTimeout: 5000 });
const backup = (more: object = {}) =>
  host.run(redisBackup, {
    name: 'main',
    nodes: nodesOf(first),
    dir: join(base, 'kept'),
    from: 'replica',
    password,
    timeout: 20,
    ...more,
  });
const restore = (directory: string, more: object = {}) =>
  host.run(redisRestore, { name: 'other', nodes: nodesOf(second), backup: directory, password, timeout: 20, ...more });

async function startAll(group: Servers, ports: readonly number[], replicas: number): Promise<void> {
  await Promise.all(ports.map((port) => group.start(port, ['--requirepass', password, '--masterauth', password])));
  const open = declared(ports, { replicas });
  const cluster = { ...open, nodes: open.nodes.map((node) => ({ ...node, auth: { password } })) };
  await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 20_000 });
}

const strange = Buffer.from([0xff, 0, 0x0a, 0x7b, 0x61, 0x7d, 0xc3]);

async function fill(): Promise<void> {
  const work: Promise<unknown>[] = [];
  for (let index = 0; index < 3000; index += 1) work.push(client.set(`text:${index}`, `value ${index}`));
  for (let index = 0; index < 300; index += 1) {
    work.push(client.set(`brief:${index}`, 'gone one day', 'PX', 3_600_000 + index));
    work.push(client.hset(`map:${index}`, { a: index, b: 'x'.repeat(index) }));
    work.push(client.rpush(`list:${index}`, 'a', 'b', String(index)));
    work.push(client.zadd(`sorted:{${index}}:x`, index, 'one', 2, 'two'));
  }
  work.push(client.set(strange, Buffer.from([1, 2, 0xfe])), client.set('large', 'y'.repeat(6_000_000)));
  await Promise.all(work);
}

beforeAll(async () => {
  await startAll(servers.first, first, 1);
  client = clusterAt(21321);
  await fill();
});
afterAll(async () => {
  client?.disconnect();
  await Promise.all([servers.first.stopAll(), servers.second.stopAll()]);
  rmSync(base, { recursive: true, force: true });
});

let kept = '';

it('backs up every shard from a replica, under load, into whole files for the operator alone', async () => {
  let stop = false;
  let written = 0;
  const writer = (async () => {
    while (!stop) {
      await client.set(`load:${written}`, String(written));
      written += 1;
    }
  })();
  await expect.poll(() => written, { timeout: 10_000 }).toBeGreaterThan(200);
  const before = written;
  const result = await backup();
  stop = true;
  await writer;
  expect(result).toMatchObject({ changed: true });
  kept = String(result.path);
  const manifest = result.manifest as Manifest;
  expect(manifest.shards).toHaveLength(3);
  for (const { source, rdb_version } of manifest.shards) {
    expect(first.slice(3)).toContain(source.port);
    expect(rdb_version).toBe(10);
  }
  expect(readdirSync(join(base, 'kept'))).toEqual([kept.split('/').at(-1)]);
  expect(statSync(kept).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(kept)) expect(statSync(join(kept, name)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(join(kept, 'manifest.json'), 'utf8'))).toEqual(manifest);
  writeFileSync(join(base, 'before'), String(before));
});

it('does nothing when the label is there already, and throws away what did not become a backup', async () => {
  const label = kept.split('/').at(-1);
  expect(await backup({ label })).toMatchObject({ changed: false, path: kept });
  await command(21321, ['CONFIG', 'SET', 'cluster-require-full-coverage', 'no'], { password });
  const slots = (await command(21321, ['CLUSTER', 'MYID'], { password })) as string;
  await command(21322, ['CLUSTER', 'SETSLOT', '5461', 'MIGRATING', slots], { password });
  const refused = await backup({ label: 'second' });
  expect(refused.msg).toContain('has open slots 5461');
  await command(21322, ['CLUSTER', 'SETSLOT', '5461', 'STABLE'], { password });
  expect(readdirSync(join(base, 'kept'))).toEqual([label]);
});

it('refuses damaged files and clusters with keys, and sends nothing', async () => {
  await startAll(servers.second, second, 0);
  await command(21331, ['CONFIG', 'RESETSTAT'], { password });
  const [file = ''] = readdirSync(kept).filter((name) => name.endsWith('.rdb'));
  const whole = readFileSync(join(kept, file));
  const damaged = Buffer.from(whole);
  damaged[40] = (damaged[40] ?? 0) ^ 1;
  writeFileSync(join(kept, file), damaged);
  await expect(restore(kept)).rejects.toThrow(/is damaged: its sha256 is/);
  writeFileSync(join(kept, file), whole);
  renameSync(join(kept, 'manifest.json'), join(kept, 'm'));
  await expect(restore(kept)).rejects.toThrow(/is no backup: .* there is no such file/);
  renameSync(join(kept, 'm'), join(kept, 'manifest.json'));
  const other = clusterAt(21331);
  await other.set('mine', '1');
  expect((await restore(kept)).msg).toMatch(/nothing was restored: .*holds 1 keys/);
  await other.del('mine');
  other.disconnect();
  const stats = String(await command(21331, ['INFO', 'commandstats'], { password }));
  expect(stats).not.toMatch(/cmdstat_(restore|flushall|migrate)/);
});

it('goes on after an interruption, and brings every key with its time to live to a cluster of five shards', async () => {
  const enough = host.interruptAfter(/handing over the keys/);
  await expect(restore(kept)).rejects.toThrow(enough);
  const other = clusterAt(21331);
  expect(await other.get(RESTORE_MARK)).toMatch(/^[0-9a-f]{64}$/);
  const result = await restore(kept);
  expect(result).toMatchObject({ changed: true });
  expect(await restore(kept)).toMatchObject({ changed: false });
  expect(await other.ttl(RESTORE_MARK)).toBeGreaterThan(500);
  expect(await other.del(RESTORE_MARK)).toBe(1);
  for (let index = 0; index < 3000; index += 1) expect(await other.get(`text:${index}`)).toBe(`value ${index}`);
  for (let index = 0; index < 300; index += 1) {
    const [there, here] = await Promise.all([other.pttl(`brief:${index}`), client.pttl(`brief:${index}`)]);
    expect(Math.abs(there - here)).toBeLessThan(2000);
    expect(await other.hgetall(`map:${index}`)).toEqual({ a: String(index), b: 'x'.repeat(index) });
    expect(await other.lrange(`list:${index}`, 0, -1)).toEqual(['a', 'b', String(index)]);
    expect(await other.zscore(`sorted:{${index}}:x`, 'one')).toBe(String(index));
  }
  expect(await other.getBuffer(strange)).toEqual(Buffer.from([1, 2, 0xfe]));
  expect((await other.get('large'))?.length).toBe(6_000_000);
  const before = Number(readFileSync(join(base, 'before'), 'utf8'));
  for (let index = 0; index < before; index += 1) expect(await other.get(`load:${index}`)).toBe(String(index));
  const sizes = await Promise.all(second.map((port) => command(port, ['DBSIZE'], { password })));
  expect(sizes.every((size) => Number(size) > 300)).toBe(true);
  expect((await restore(kept)).msg).toContain('keys');
  other.disconnect();
});
