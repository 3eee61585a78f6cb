import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { figuresLine, type Load } from '../load/load.ts';
import { changedTasks, type Finished } from '../main-job/rcdeploy.ts';
import { Authority } from '../secured/certificates.ts';
import { type Login, type LoginProbe, refusals } from '../secured/login-probe.ts';
import { SecuredLab } from '../secured/secured-lab.ts';
import { survivesKills } from './killed.ts';

const RULES = '~app:* +@read +@write +ping';
const keyOf = (n: number): string => `door-key-number-${n}`;
const appKeyOf = (n: number): string => `app-key-number-${n}`;

describeLab('secrets changed under clients', () => {
  let cluster: SecuredLab;
  let first: Authority;
  let second: Authority;
  let load: Load | undefined;
  let probes: LoginProbe[] = [];
  beforeAll(async () => {
    [cluster, first, second] = await Promise.all([
      SecuredLab.up('rotate-killed', {
        redis_password: keyOf(1),
        redis_acl_users: { app: { password: appKeyOf(1), rules: RULES } },
      }),
      Authority.named('first'),
      Authority.named('second'),
    ]);
    cluster.declare({ redis_tls: await cluster.certificates(first) });
    await cluster.succeed('cluster');
  }, 300_000);
  afterAll(async () => {
    load?.abandon();
    await stopped();
    for (const authority of [first, second]) authority?.remove();
    await cluster?.down();
  });

  const everyone = (n: number): Login => ({ auth: { password: keyOf(n) }, tls: cluster.client(first) });
  const app = (n: number): Login => ({ auth: { username: 'app', password: appKeyOf(n) }, tls: cluster.client(first) });

  /** What the clients felt that were connecting all the time; not one login may have failed. */
  async function stopped(what?: string): Promise<void> {
    const all = await Promise.all(probes.splice(0).map((probe) => probe.stop()));
    if (what === undefined) return;
    const logins = all.map((one) => one.logins).join(' + ');
    const failed = all.flatMap((one) => one.failed);
    process.stdout.write(`  ${what}: ${logins} logins of ${all.length} kinds of clients, ${failed.length} failed\n`);
    expect(failed).toEqual([]);
    expect(all.map(({ nodes }) => nodes)).toEqual(all.map(() => cluster.nodes.length));
  }

  async function unharmed(what: string): Promise<void> {
    const figures = await load?.stop();
    load = undefined;
    if (!figures) throw new Error('there was no load');
    process.stdout.write(`  ${figuresLine(what, figures)}\n`);
    const felt = { lost: 0, wrongReads: 0, errors: [], mostDown: 0, mostOut: 0 };
    expect(figures, figures.incidents.join('\n')).toMatchObject(felt);
  }

  /** `previous`: accepted too. */
  function declare(n: number, previous: number | undefined): void {
    const old = previous === undefined ? {} : { previous_password: appKeyOf(previous) };
    cluster.declare({
      redis_password: keyOf(n),
      redis_password_previous: previous === undefined ? undefined : keyOf(previous),
      redis_acl_users: { app: { password: appKeyOf(n), ...old, rules: RULES } },
    });
  }

  it('passwords: whoever has the old or the new one is let in, until only the new is declared', async () => {
    load = await cluster.load(keyOf(1), cluster.client(first));
    probes = [
      ...[everyone(1), app(1)].map((login) => cluster.probe(login, true)),
      ...[everyone(2), app(2)].map((login) => cluster.probe(login, false)),
    ];
    declare(2, 1);
    const rotated = await cluster.succeed('rotate');
    expect(changedTasks(await cluster.succeed('rotate'))).toEqual([]);
    await load.more(50);
    await unharmed('a writer with the old password');
    await stopped('old and new password');

    load = await cluster.load(keyOf(2), cluster.client(first));
    probes = [everyone(2), app(2)].map((login) => cluster.probe(login, true));
    declare(2, undefined);
    const ended = await cluster.succeed('rotate');
    await load.more(50);
    await unharmed('a writer with the new password');
    await stopped('new password');
    for (const login of [everyone(1), app(1)]) expect(await refusals(cluster.nodes, login)).toHaveLength(6);
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
    const output = JSON.stringify([rotated, ended] satisfies Finished[]);
    for (const secret of [1, 2].flatMap((n) => [keyOf(n), appKeyOf(n)])) expect(output).not.toContain(secret);
  });

  it('certificates: those of the old and of the new authority are accepted, until only the new is declared', async () => {
    const old = await cluster.certificates(first);
    const current = await cluster.certificates(second);
    const auth = { password: keyOf(2) };
    const [oldClient, newClient] = [cluster.client(first, second), cluster.client(second, first)];
    load = await cluster.load(keyOf(2), oldClient);
    probes = [cluster.probe({ auth, tls: oldClient }, true), cluster.probe({ auth, tls: newClient }, false)];
    cluster.declare({ redis_tls: current, redis_tls_previous: old });
    await cluster.succeed('rotate');
    expect(changedTasks(await cluster.succeed('rotate'))).toEqual([]);
    await load.more(50);
    await unharmed('a writer with the old certificate');
    await stopped('old and new certificate');
    // Whoever trusts only the new authority sees that every node shows the new certificate.
    expect(await refusals(cluster.nodes, { auth, tls: cluster.client(second) })).toEqual([]);

    cluster.declare({ redis_tls_previous: undefined });
    await cluster.succeed('rotate');
    expect(await refusals(cluster.nodes, { auth, tls: cluster.client(second) })).toEqual([]);
    expect(await refusals(cluster.nodes, { auth, tls: oldClient })).toHaveLength(6);
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
    const { stdout } = await cluster.lab.host('h2').exec('ls /etc/redis/7001');
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });

  describe('killed and run again', () => {
    let now = 2;
    survivesKills({
      moments: 'random',
      prepare: async () => {
        now += 1;
        cluster.declare({ redis_tls: await cluster.certificates(second) });
        declare(now, now - 1);
        const tls = cluster.client(second);
        load = await cluster.load(keyOf(now - 1), tls);
        probes = [
          cluster.probe({ auth: { password: keyOf(now - 1) }, tls }, true),
          cluster.probe({ auth: { password: keyOf(now) }, tls }, false),
        ];
        return cluster.args('rotate');
      },
      outcome: async () => {
        await unharmed('a writer with the old password');
        await stopped('old and new password and certificate');
        declare(now, undefined);
        await cluster.succeed('rotate');
        const tls = cluster.client(second);
        expect(await refusals(cluster.nodes, { auth: { password: keyOf(now) }, tls })).toEqual([]);
        expect(await refusals(cluster.nodes, { auth: { password: keyOf(now - 1) }, tls })).toHaveLength(6);
      },
    });
  });
});
