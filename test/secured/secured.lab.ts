import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { figuresLine, type Load } from '../load/load.ts';
import { changedTasks, clusterNodes, failures, rcdeploy } from '../main-job/rcdeploy.ts';
import { expectNoHarm } from '../rolling/cluster-lab.ts';
import { Authority } from './certificates.ts';
import { SecuredLab } from './secured-lab.ts';

const PASSWORD = 'open-sesame-0815';
const APP = { password: 'app-secret-4711', rules: '~app:* +@read +@write +cluster|slots' };

describeLab('a cluster with password, ACL users and TLS', () => {
  let cluster: SecuredLab;
  let authority: Authority;
  let load: Load | undefined;
  beforeAll(async () => {
    [cluster, authority] = await Promise.all([
      SecuredLab.up('rotate-secured', {
        redis_username: 'keeper',
        redis_password: PASSWORD,
        redis_acl_users: { app: APP },
        redis_nodes: { 7001: { redis_config: { 'maxmemory-samples': 4 } } },
        redis_drift: { 'maxmemory-samples': 'adopt' },
      }),
      Authority.named('first'),
    ]);
    cluster.declare({ redis_tls: await cluster.certificates(authority) });
  }, 300_000);
  afterAll(async () => {
    load?.abandon();
    authority?.remove();
    await cluster?.down();
  });

  it('is formed, and a second run changes nothing', async () => {
    const formed = await cluster.succeed('cluster');
    expect(clusterNodes(formed)).toHaveLength(6);
    const again = await cluster.succeed('cluster');
    expect(changedTasks(again)).toEqual([]);
    const output = JSON.stringify([formed, again]);
    const key = readFileSync(`${authority.directory}/h1.key`, 'utf8').split('\n')[1] ?? '';
    for (const secret of [PASSWORD, APP.password, key]) expect(output).not.toContain(secret);
  }, 400_000);

  it('mends the rules of a user that somebody changed on a running node, and takes over a setting where that is wished', async () => {
    const host = cluster.lab.host('h2');
    const pem =
      '--tls --cacert /etc/redis/7000/ca-*.pem --cert /etc/redis/7000/node-*.pem --key /etc/redis/7000/node-*.pem';
    const cli = `/opt/redis/current/bin/redis-cli -h ${host.address} -p 7000 ${pem} --user keeper --pass ${PASSWORD} --no-auth-warning`;
    // A user that was told its rules anew shows a word that it had all along.
    const users = async (): Promise<string> =>
      (await host.exec(`${cli} ACL LIST`)).stdout.replaceAll(' sanitize-payload', '');
    const before = await users();
    expect((await host.exec(`${cli} ACL SETUSER app '~*'`)).stdout).toBe('OK\n');
    expect((await host.exec(`${cli} CONFIG SET maxmemory-samples 7`)).stdout).toBe('OK\n');
    const found = await cluster.succeed('cluster', '--check');
    expect(JSON.stringify(found.events)).toContain(':7000 user app');
    expect(await users()).not.toBe(before);
    const mended = await cluster.succeed('cluster');
    expect(changedTasks(mended)).toEqual(['Configuration of the node h2']);
    expect(await users()).toBe(before);
    const lines = await host.exec('grep -h ^maxmemory-samples /etc/redis/7000/redis.conf /etc/redis/7001/redis.conf');
    expect(lines.stdout).toBe('maxmemory-samples 7\nmaxmemory-samples 4\n');
  }, 120_000);

  it('speaks TLS on every port, and takes no one without password or certificate', async () => {
    const host = cluster.lab.host('h1');
    const cli = '/opt/redis/current/bin/redis-cli -p 7000 -h';
    const pem = `--tls --cacert /etc/redis/7000/ca-*.pem --cert /etc/redis/7000/node-*.pem --key /etc/redis/7000/node-*.pem`;
    const ask = async (words: string): Promise<string> =>
      (await host.exec(`${cli} ${host.address} ${words} 2>&1 || true`)).stdout;
    expect(await ask('PING')).not.toContain('PONG');
    expect(await ask(`--tls --cacert /etc/redis/7000/ca-*.pem PING`)).not.toContain('PONG');
    expect(await ask(`${pem} PING`)).toContain('NOAUTH');
    expect(await ask(`${pem} --user app --pass ${APP.password} --no-auth-warning SET other 1`)).toContain('NOPERM');
    expect(await ask(`${pem} --user keeper --pass ${PASSWORD} --no-auth-warning CONFIG GET tls-cluster`)).toContain(
      'yes',
    );
    const { stdout } = await host.exec(
      'for bus in 17000 17001; do openssl s_client -connect 127.0.0.1:$bus </dev/null 2>/dev/null | grep -c "BEGIN CERT"; done; true',
    );
    expect(stdout.trim().split('\n')).toEqual(['1', '1']);
  });

  it('is looked at by rcdeploy cluster', async () => {
    for (const what of ['check', 'status', 'info'] as const) {
      const { exit, stderr } = await rcdeploy(...cluster.look(what).filter((word) => word !== ''));
      expect(exit, `${what}: ${stderr}`).toBe(0);
    }
  });

  it('is backed up and restored', async () => {
    const { address } = cluster.lab.host('h1');
    const pem =
      '--tls --cacert /etc/redis/7000/ca-*.pem --cert /etc/redis/7000/node-*.pem --key /etc/redis/7000/node-*.pem';
    const login = `--user keeper --pass ${PASSWORD} --no-auth-warning`;
    const cli = `/opt/redis/current/bin/redis-cli -c -h ${address} -p 7000 ${pem} ${login}`;
    const ask = async (words: string): Promise<string> => (await cluster.lab.host('h1').exec(`${cli} ${words}`)).stdout;
    const dir = mkdtempSync('/tmp/rcdeploy-secured-backup.');
    try {
      for (const key of ['a', 'b', 'c', 'd']) await ask(`SET ${key} value-${key}`);
      await cluster.succeed('backup', '-e', `redis_backup_dir=${dir}`, '-e', 'redis_backup_label=one');
      for (const key of ['a', 'b', 'c', 'd']) await ask(`DEL ${key}`);
      await cluster.succeed('restore', '-e', `redis_restore_from=${dir}/one`);
      for (const key of ['a', 'b', 'c', 'd']) expect(await ask(`GET ${key}`)).toContain(`value-${key}`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('has its certificates back after a rotation to some that are good for other addresses', async () => {
    await Promise.all(cluster.lab.hosts.map(({ name }) => authority.issue(`wrong-${name}`, ['192.0.2.1'])));
    cluster.declare({ redis_tls: cluster.tls(authority, 'wrong-') });
    const refused = await rcdeploy(...cluster.args('rotate'));
    expect(refused.exit).toBe(2);
    for (const { name, address } of cluster.lab.hosts) {
      expect(failures(refused)).toContain(
        `node ${name}: with its new certificates ${address}:7000 cannot be connected to`,
      );
      expect(failures(refused)).toContain(`${address}:7001 cannot be connected to`);
    }
    cluster.declare({ redis_tls: cluster.tls(authority) });
    expect(changedTasks(await cluster.succeed('cluster'))).toEqual([]);
  });

  it('is restarted node by node under load', async () => {
    load = await cluster.load(PASSWORD, cluster.client(authority));
    await cluster.succeed('restart');
    await load.more(50);
    const figures = await load.stop();
    process.stdout.write(`  ${figuresLine('rolling restart with password and TLS', figures)}\n`);
    expectNoHarm(figures);
  });

  it('grows and shrinks', async () => {
    const ports = [7000, 7001, 7002];
    cluster.declare({ redis_ports: ports });
    expect(clusterNodes(await cluster.succeed('scale-out'))).toHaveLength(9);
    cluster.declare({ redis_leaving_ports: [7002] });
    await cluster.succeed('scale-in');
    cluster.declare({ redis_ports: [7000, 7001], redis_leaving_ports: undefined });
    await cluster.succeed('verify');
  });
});
