import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import type { RespValue } from '../../src/redis/node/contract.ts';
import { sshArgs } from '../first-hour/hosts.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { rcdeploy as built, changedTasks, type Finished, failures } from '../main-job/rcdeploy.ts';
import { ask, until } from '../redis/servers.ts';
import { rcdeploy } from './program.ts';

const server = execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim();
const PORTS = [7000, 7100];
const HOSTS = ['h1', 'h2', 'h3', 'h4'];
const password = 'set-by-config-set';
const renamed = { CONFIG: 'cfg-9d41c0', CLUSTER: 'clu-77fe2b' };
/** Shards of uneven size: three masters with two, two and one replicas. */
const MASTERS = { h1: '0 5460', h2: '5461 10922', h3: '10923 16383' };
const REPLICAS = { 'h2 7100': 'h1', 'h3 7100': 'h2', 'h1 7100': 'h3', 'h4 7000': 'h1', 'h4 7100': 'h2' };

/** Paths, user, unit names and types as somebody once found good; h4 has no systemd, and what runs there was started by hand. */
const setUp = (address: string) => `useradd -r -s /usr/sbin/nologin cache
for port in ${PORTS.join(' ')}; do
  mkdir -p /srv/cache/$port/state; conf=/srv/cache/$port/my-cache.cfg
  cat >$conf <<CONF
port $port
bind ${address}
protected-mode no
daemonize yes
pidfile /srv/cache/$port/state/the.pid
dir /srv/cache/$port/state
logfile /srv/cache/$port/state/out.log
appendonly yes
repl-diskless-sync-delay 0
cluster-enabled yes
cluster-config-file members.txt
cluster-node-timeout 3000
rename-command CONFIG ${renamed.CONFIG}
rename-command CLUSTER ${renamed.CLUSTER}
CONF
  chown -R cache:cache /srv/cache/$port; chmod -R go= /srv/cache/$port
done`;

const units = `cat >/etc/systemd/system/the-cache.service <<UNIT
[Service]
Type=forking
PIDFile=/srv/cache/7000/state/the.pid
User=cache
ExecStart=/srv/cache/server /srv/cache/7000/my-cache.cfg
Restart=always
RestartSec=200ms
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/other-cache@.service <<UNIT
[Service]
User=cache
ExecStart=/srv/cache/server /srv/cache/%i/my-cache.cfg --daemonize no
UNIT
systemctl daemon-reload; systemctl enable --now the-cache.service; systemctl start other-cache@7100.service`;

const byHand = `for port in ${PORTS.join(' ')}; do
  setpriv --reuid cache --regid cache --init-groups /srv/cache/server /srv/cache/$port/my-cache.cfg
done`;

describeLab('rcdeploy cluster adopt, for a cluster on hosts that somebody set up by hand', () => {
  let lab: Lab;
  let secret: string;
  let site: string;
  const nodes = HOSTS.flatMap((host) => PORTS.map((port) => ({ host, port })));
  const addressOf = (host: string) => lab.host(host).address;
  const say = async (host: string, port: number, words: readonly string[], auth = true): Promise<RespValue> => {
    const login = auth ? { auth: { password } } : {};
    const answer = await ask({ via: host, address: addressOf(host), port, renamed, commands: [words], ...login });
    if (!answer.ok) throw new Error(`${host}:${port}: ${answer.message}`);
    return answer.replies[0] ?? null;
  };
  const info = async (host: string, port: number, field: string) =>
    new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(String(await say(host, port, ['INFO'])))?.[1];
  const processes = () =>
    Promise.all(
      nodes.map(async ({ host, port }) => [await info(host, port, 'run_id'), await info(host, port, 'process_id')]),
    );
  /** What of the hosts' files nobody may touch, with the times of their last change. */
  const files = () =>
    Promise.all(
      HOSTS.map(async (host) => {
        const look =
          'find /srv/cache /etc/systemd/system /etc/redis /etc/logrotate.d -name "*cache*" -printf "%p %i %T@ %m %u\\n" | sort';
        return createHash('sha256')
          .update((await lab.host(host).exec(look)).stdout)
          .digest('hex');
      }),
    );
  const adopt = (...more: string[]) =>
    rcdeploy(...['cluster', 'adopt', `${addressOf('h1')}:7000`, '--name', 'old-cache', '--to', site], ...more);
  const login = () => ['-u', 'deploy', '-b', '-e', `@${secret}`];
  const run = (playbook: string, ...more: string[]): Promise<Finished> =>
    built('run', `playbooks/${playbook}.yml`, '-i', site, '-e', `@${secret}`, ...more);

  beforeAll(async () => {
    lab = await labUp({
      name: 'adopt-by-hand',
      subnet: '10.97.1',
      hosts: 4,
      systemd: [1, 2, 3],
      replace: true,
      everyHost: { users: [{ name: 'deploy', sudo: 'nopasswd' }] },
    });
    site = join(lab.dir, 'site');
    secret = join(lab.dir, 'secret.yml');
    const ssh = { ansible_ssh_private_key_file: lab.keyFile, ansible_ssh_common_args: sshArgs(lab) };
    writeFileSync(secret, stringify({ ...ssh, redis_password: password, redis_renamed_commands: renamed }), {
      mode: 0o600,
    });
    await Promise.all(
      HOSTS.map(async (host) => {
        mkdirSync(`/proc/${lab.host(host).pid}/root/srv/cache`);
        copyFileSync(server, `/proc/${lab.host(host).pid}/root/srv/cache/server`);
        const { rc, stderr } = await lab
          .host(host)
          .exec(`set -e\n${setUp(addressOf(host))}\n${lab.host(host).systemd ? units : byHand}`);
        expect(rc, stderr).toBe(0);
      }),
    );
    await joined();
    for (const { host, port } of nodes) await say(host, port, ['CONFIG', 'SET', 'masterauth', password], false);
    for (const { host, port } of nodes) await say(host, port, ['CONFIG', 'SET', 'requirepass', password], false);
  });
  afterAll(() => lab?.down());

  async function joined(): Promise<void> {
    for (const [index, { host, port }] of nodes.entries()) {
      await until(async () => (await say(host, port, ['PING'], false)) === 'PONG', `${host}:${port}`);
      await say(host, port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)], false);
      if (index > 0) await say('h1', 7000, ['CLUSTER', 'MEET', addressOf(host), String(port)], false);
    }
    for (const [host, range] of Object.entries(MASTERS))
      await say(host, 7000, ['CLUSTER', 'ADDSLOTSRANGE', ...range.split(' ')], false);
    for (const [replica, master] of Object.entries(REPLICAS)) {
      const [host = '', port] = replica.split(' ');
      const id = String(await say(master, 7000, ['CLUSTER', 'MYID'], false));
      await until(
        async () => (await say(host, Number(port), ['CLUSTER', 'REPLICATE', id], false)) === 'OK',
        `${replica} to know its master`,
      );
    }
    for (const { host, port } of nodes) {
      await until(async () => {
        const text = `${await say(host, port, ['CLUSTER', 'INFO'], false)}${await say(host, port, ['INFO'], false)}`;
        const isReplica = text.includes('role:slave');
        const known = String(await say(host, port, ['CLUSTER', 'NODES'], false)).match(/slave [\da-f]{40} /g);
        const isLinked = !isReplica || text.includes('master_link_status:up');
        return text.includes('cluster_state:ok') && isLinked && known?.length === Object.keys(REPLICAS).length;
      }, `${host}:${port} to serve`);
    }
  }

  /** In the files, in capitals on h4, and of one node on the command line of its unit. */
  async function keepPasswords(): Promise<void> {
    const inFiles = nodes.filter(({ host, port }) => host !== 'h1' || port !== 7100);
    for (const { host, port } of inFiles) expect(await say(host, port, ['CONFIG', 'REWRITE'])).toBe('OK');
    await lab.host('h4').exec("sed -i 's/^requirepass/REQUIREPASS/' /srv/cache/*/my-cache.cfg");
    const options = `--masterauth ${password} --RequirePass ${password}`;
    const edit = `sed -i 's/--daemonize no/& ${options}/' /etc/systemd/system/other-cache@.service`;
    await lab.host('h1').exec(`${edit}; systemctl daemon-reload`);
  }

  it('says where to look for the names of renamed commands', async () => {
    const lost = await rcdeploy('cluster', 'check', `${addressOf('h1')}:7000`, '-e', `redis_password=${password}`);
    expect(lost.exit).toBe(4);
    expect(lost.out).toContain('rename-command in /srv/cache/7000/my-cache.cfg');
    expect(lost.out).toContain('redis_renamed_commands');
  });

  it('writes an inventory with paths and units and no secret; run --check then shows 0 changes and run restarts nothing', async () => {
    const before = { processes: await processes(), files: await files() };
    const adopted = await adopt(...login());
    expect(adopted.exit, adopted.err + adopted.out).toBe(0);
    expect(adopted.err).toMatch(
      /h?.*:7000 has a password that its file \/srv\/cache\/7000\/my-cache.cfg does not have/,
    );
    expect(adopted.err.match(/runs under no systemd unit/g)).toHaveLength(PORTS.length);
    const written = ['hosts.yml', 'group_vars/redis.yml'].map((file) => readFileSync(join(site, file), 'utf8')).join();
    for (const hidden of [password, renamed.CONFIG, renamed.CLUSTER]) expect(written).not.toContain(hidden);
    for (const found of [
      'the-cache.service',
      'other-cache@7100.service',
      '/srv/cache/7100/my-cache.cfg',
      'redis_masters: 3',
    ])
      expect(written).toContain(found);

    const checked = await run('cluster', '--check');
    expect(checked.exit, failures(checked)).toBe(0);
    const ran = await run('cluster');
    expect(ran.exit, failures(ran)).toBe(0);
    expect([...changedTasks(checked), ...changedTasks(ran)]).toEqual([]);
    expect({ processes: await processes(), files: await files() }).toEqual(before);
    const seen = await rcdeploy('cluster', 'check', '-i', site, '-e', `@${secret}`);
    expect(seen.exit, seen.out).toBe(0);
  });

  it('restarts nodes by their own units, once their passwords would survive it', async () => {
    const refused = await run('restart', '--limit', addressOf('h1'));
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toContain('its password was set at run time and is not in /srv/cache/7000/my-cache.cfg');
    const halted = await run('stop');
    expect(failures(halted)).toContain('has a password that was set at run time');
    await keepPasswords();

    const before = await processes();
    const restarted = await run('restart', '--limit', `${addressOf('h1')}:${addressOf('h4')}`);
    expect(restarted.exit, failures(restarted)).toBe(0);
    const after = await processes();
    const anew = nodes.filter((_, index) => before[index]?.[0] !== after[index]?.[0]);
    expect([...new Set(anew.map(({ host }) => host))]).toEqual(['h1', 'h4']);
    expect(anew).toHaveLength(4);
    const main = 'systemctl show -p MainPID --value the-cache.service other-cache@7100.service | grep .';
    const pids = (await lab.host('h1').exec(main)).stdout.trim().split('\n');
    expect(pids).toEqual([after[0]?.[1], after[1]?.[1]]);
    for (const port of PORTS) {
      await expect(say('h1', port, ['PING'], false)).rejects.toThrow('NOAUTH');
      await expect(say('h4', port, ['PING'], false)).rejects.toThrow('NOAUTH');
    }
    const verified = await run('verify');
    expect(verified.exit, failures(verified)).toBe(0);
  });

  it('stops and starts the cluster as its owner does, and upgrades or removes nothing of it', async () => {
    const written = await files();
    const stopped = await run('stop');
    expect(stopped.exit, failures(stopped)).toBe(0);
    const left = 'pgrep -x server; systemctl is-active the-cache.service other-cache@7100.service';
    expect((await lab.host('h1').exec(left)).stdout).toBe('inactive\ninactive\n');
    expect((await lab.host('h4').exec('pgrep -x server')).stdout).toBe('');
    const started = await run('start');
    expect(started.exit, failures(started)).toBe(0);
    expect((await lab.host('h1').exec('systemctl is-active the-cache.service')).stdout).toBe('active\n');
    for (const [playbook, said] of Object.entries({ upgrade: 'then restart.yml', destroy: 'somebody else removes' })) {
      const refused = await run(playbook, '-e', 'redis_version=8.0.2', '-e', 'confirm=old-cache');
      expect(refused.exit).toBe(2);
      expect(failures(refused)).toContain(said);
    }
    expect(await files()).toEqual(written);
  });
});
