import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, failures } from '../main-job/rcdeploy.ts';
import { newerRedisSource, valkeySource } from '../redis-source.ts';
import { ClusterLab, expectNoHarm } from './cluster-lab.ts';

const runId = (info: string): string => /run_id:(\w+)/.exec(info)?.[1] ?? info;

describeLab('rolling operations under load', () => {
  let cluster: ClusterLab;
  beforeAll(async () => {
    cluster = await ClusterLab.up('rolling-load');
  }, 600_000);
  afterAll(async () => await cluster?.lab.down());

  const identities = async (): Promise<string[]> => (await cluster.askAll('INFO', 'server')).map(runId);

  it('restarts every node, and ends with its flight report', async () => {
    const before = await identities();
    const figures = await cluster.underLoad('restart of 6 nodes', async () => {
      const finished = await cluster.succeed('restart');
      const [result] = finished.events.flatMap((event) =>
        event.event === 'result' && event.result.flight ? [event.result] : [],
      );
      expect(result).toMatchObject({ changed: true, flight: { errors: 0, writes_lost: 0 } });
      expect(result?.restarted).toHaveLength(6);
      expect((result?.steps as string[] | undefined)?.at(-1)).toMatch(
        /^flight report: longest without a writable master h\d:6379 \d+ ms/,
      );
    });
    expectNoHarm(figures);
    const after = await identities();
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  it('takes over a setting that needs a restart, once', async () => {
    cluster.declare({ redis_config: { 'repl-diskless-sync-delay': 0, 'tcp-backlog': 300 } });
    const figures = await cluster.underLoad('config change with restart', async () => {
      const changed = await cluster.succeed('cluster');
      expect(changedTasks(changed).filter((task) => task.startsWith('Restarts that are owed'))).toHaveLength(1);
    });
    expectNoHarm(figures);
    expect(new Set(await cluster.askAll('CONFIG', 'GET', 'tcp-backlog'))).toEqual(new Set(['tcp-backlog\n300']));
    const before = await identities();
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
    expect(await identities()).toEqual(before);
    await cluster.succeed('verify');
  });

  it('stops safely where the guard is overdrawn, says what is left, and goes on from there', async () => {
    const stopped = await cluster.run('restart', '-e', '{"redis_guard": {"p99_ms": 0.001}}');
    expect(stopped.exit).toBe(2);
    expect(failures(stopped)).toMatch(/the guard allows a p99 of 0.001 ms .*left as they are: h\d:6379/);
    const some = await cluster.run('restart', '-e', 'redis_before_node="test $RCDEPLOY_NODE != h2:6379"');
    expect(some.exit).toBe(2);
    expect(failures(some)).toMatch(/the command before h2:6379 ended with exit status 1; left as they are: .*h2:6379/);
    const before = await identities();
    const rest = await cluster.succeed('restart');
    const [result] = rest.events.flatMap((event) =>
      event.event === 'result' && event.result.flight ? [event.result] : [],
    );
    const again = (await identities()).filter((id) => !before.includes(id));
    expect(result?.restarted).toHaveLength(again.length);
    expect(result?.restarted).toContain('h2:6379');
    expect(again.length).toBeLessThan(6);
  });

  const versions = async (): Promise<Set<string>> =>
    new Set((await cluster.askAll('INFO', 'server')).map((info) => /redis_version:([\d.]+)/.exec(info)?.[1] ?? info));

  it('refuses an unsafe way before anything is installed, and names the safe one', async () => {
    const refused = await cluster.run('upgrade', '-e', 'redis_version=7.2.3');
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toMatch(
      /redis 7\.0\.15 cannot be replaced by redis 7\.2\.3 .*go by redis 7\.2\.4 or later/,
    );
    expect((await cluster.lab.host('h1').exec('ls /opt/redis')).stdout.split('\n')).toEqual(['7.0.15', 'current', '']);
    const plain = await cluster.run('cluster', '-e', 'redis_version=8.0.2');
    expect(failures(plain)).toMatch(/h1:6379 runs redis 7\.0\.15, declared is 8\.0\.2: upgrade\.yml takes it there/);
  });

  it('upgrades to 8.0; a process that crashed before its turn would come back as what it was', async () => {
    const { version, file, sha256 } = await newerRedisSource();
    cluster.declare({ redis_version: version, redis_source: file, redis_sha256: sha256 });
    const figures = await cluster.underLoad(`upgrade from 7.0.15 to ${version}`, async () => {
      const stopped = await cluster.run('upgrade', '-e', 'redis_before_node=false');
      expect(failures(stopped)).toMatch(/nothing was restarted: the command before h\d:6379 ended/);
      expect(await versions()).toEqual(new Set(['7.0.15']));
      const started = 'readlink /opt/redis/current; systemctl cat redis@6379 | grep ExecStart';
      expect((await cluster.lab.host('h1').exec(started)).stdout).toMatch(
        /^8\.0\.2\nExecStart=\/opt\/redis\/7\.0\.15\/bin\/redis-server/,
      );
      await cluster.succeed('upgrade');
    });
    expectNoHarm(figures);
    expect(await versions()).toEqual(new Set([version]));
    const started = 'systemctl cat redis@6379 | grep ExecStart';
    expect((await cluster.lab.host('h1').exec(started)).stdout).toContain(`/opt/redis/${version}/bin/`);
    const before = await identities();
    expect(changedTasks(await cluster.succeed('upgrade'))).toEqual([]);
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
    expect(await identities()).toEqual(before);
  }, 900_000);

  it('refuses to go back with data', async () => {
    const refused = await cluster.run('upgrade', '-e', 'redis_version=7.0.15');
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toMatch(/redis 7\.0\.15 is older than redis 8\.0\.2, and nodes with keys/);
  });

  it('refuses to become Valkey, which cannot load the data, before anything is installed', async () => {
    const before = await identities();
    const { version, file, sha256 } = await valkeySource();
    const valkey = { redis_flavor: 'valkey', redis_version: version, redis_source: file, redis_sha256: sha256 };
    const refused = await cluster.run('upgrade', '-e', JSON.stringify(valkey));
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toMatch(/redis 8\.0\.2 cannot be replaced by valkey 8\.1.*copy the keys with a client/);
    expect((await cluster.lab.host('h1').exec('ls /opt/redis')).stdout).not.toContain('valkey');
    expect(await identities()).toEqual(before);
  });

  it('takes a zone away for maintenance and brings it back', async () => {
    const zone = cluster.lab.hosts.filter(({ zone }) => zone === 'z1').map(({ name }) => name);
    const figures = await cluster.underLoad('maintenance of a zone and back', async () => {
      await cluster.succeed('maintenance', '--limit', zone.join(','));
      for (const name of zone) expect((await cluster.lab.host(name).exec('pgrep -x redis-server')).rc).toBe(1);
      const again = await cluster.succeed('maintenance', '--limit', zone.join(','));
      expect(changedTasks(again)).toEqual([]);
      const other = await cluster.run('maintenance', '--limit', 'h2');
      expect(failures(other)).toMatch(
        /nothing was stopped: h2:6379: nobody would be left to serve the slots of this shard/,
      );
      await cluster.succeed('maintenance', '--limit', zone.join(','), '-e', 'back=true');
    });
    expectNoHarm(figures);
    expect(changedTasks(await cluster.succeed('maintenance', '--limit', zone.join(','), '-e', 'back=true'))).toEqual(
      [],
    );
    await cluster.succeed('verify');
    const all = await cluster.run('maintenance');
    expect(failures(all)).toContain('say with --limit which hosts go into maintenance');
  });
});
