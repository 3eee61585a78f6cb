import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, failures } from '../main-job/rcdeploy.ts';
import {
  NEWEST_VALKEY_MAKE_ARGS,
  newerRedisSource,
  newestValkeySource,
  redisSource,
  type ServerSource,
  valkeySource,
} from '../redis-source.ts';
import { ClusterLab, expectNoHarm } from './cluster-lab.ts';

describeLab('from Redis to Valkey under load', () => {
  let cluster: ClusterLab;
  beforeAll(async () => {
    cluster = await ClusterLab.up('mx-to-valkey');
  }, 600_000);
  afterAll(async () => await cluster?.lab.down());

  const identities = async (): Promise<string[]> =>
    (await cluster.askAll('INFO', 'server')).map((info) => /run_id:\w+/.exec(info)?.[0] ?? info);
  const declaredAs = ({ flavor, version, file, sha256 }: ServerSource): Record<string, string> => ({
    redis_flavor: flavor,
    redis_version: version,
    redis_source: file,
    redis_sha256: sha256,
  });

  async function takesTo(target: ServerSource, from: string, more: Record<string, unknown> = {}): Promise<void> {
    cluster.declare({ ...declaredAs(target), ...more });
    expectNoHarm(
      await cluster.underLoad(`upgrade from ${from} to Valkey ${target.version}`, () => cluster.succeed('upgrade')),
    );
    const infos = await cluster.askAll('INFO', 'server');
    for (const info of infos) expect(info).toContain(`valkey_version:${target.version}`);
    const before = await identities();
    expect(changedTasks(await cluster.succeed('upgrade'))).toEqual([]);
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
    expect(await identities()).toEqual(before);
  }

  it('takes Redis 7.0 to Valkey node by node; the next run changes nothing', async () => {
    await takesTo(await valkeySource(), 'Redis 7.0.15');
  }, 900_000);

  it.each([
    [newerRedisSource, /valkey 8\.1\.\d+ cannot be replaced by redis 8\.0\.\d+ .*backup\.yml and restore\.yml/],
    [redisSource, /valkey 8\.1\.\d+ cannot be replaced by redis 7\.0\.15 .*copy the keys with a client/],
  ])('refuses the way back to Redis before anything is installed', async (obtain, why) => {
    const before = await identities();
    const listing = 'ls /opt/redis; readlink /opt/redis/current';
    const installed = (await cluster.lab.host('h1').exec(listing)).stdout;
    const refused = await cluster.run('upgrade', '-e', JSON.stringify(declaredAs(await obtain())));
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toMatch(why);
    expect((await cluster.lab.host('h1').exec(listing)).stdout).toBe(installed);
    expect(await identities()).toEqual(before);
  });

  it('takes Valkey 8 to Valkey 9 node by node; the next run changes nothing', async (test) => {
    const newest = await newestValkeySource().catch((error: Error) => error);
    if (newest instanceof Error) return test.skip(newest.message);
    await takesTo(newest, 'Valkey 8.1', { redis_make_args: NEWEST_VALKEY_MAKE_ARGS });
  }, 900_000);
});
