import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, failures } from '../main-job/rcdeploy.ts';
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
});
