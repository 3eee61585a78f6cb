import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import type { NodeAccess, RespValue } from '../../src/redis/node/contract.ts';
import { sshArgs } from '../first-hour/hosts.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { rcdeploy as built, changedTasks, type Finished, failures } from '../main-job/rcdeploy.ts';
import { ask, until } from '../redis/servers.ts';
import { Terminal } from '../report/terminal.ts';
import { Authority } from '../secured/certificates.ts';
import { rcdeploy } from './program.ts';

const run = promisify(execFile);
const SLOTS = ['0 5460', '5461 10922', '10923 16383'];
const sudoPassword = 'of-the-operator';

/** A cluster of one node on each host, set up by hand. */
interface ByHand {
  readonly name: string;
  readonly port: number;
  readonly secret: string;
  /** What its peers call a host. */
  address(host: LabHost): string;
  conf(host: LabHost): string;
  /** How this machine gets to a node. */
  way(host: LabHost): Omit<NodeAccess, 'via' | 'port'>;
  /** What `-e` has to tell. */
  vars(): Record<string, unknown>;
}

/** Behind NAT: a host does not reach itself by the address that the others use. */
const outside = (host: LabHost): string => `172.31.84.${host.name.slice(1)}`;

describeLab('rcdeploy cluster adopt over TLS, IPv6, with an ACL user, and behind NAT', () => {
  let lab: Lab;
  let authority: Authority;

  const secured: ByHand = {
    name: 'secured',
    port: 7000,
    secret: 'of-the-acl-user',
    address: (host) => host.address6,
    conf: (host) => `port 0
tls-port 7000
bind ${host.address6}
unixsocket /srv/secured/node.sock
tls-ca-cert-file /srv/secured/ca.crt
tls-cert-file /srv/secured/node.crt
tls-key-file /srv/secured/node.key
tls-auth-clients yes
tls-replication yes
tls-cluster yes
user default off
user operator on >of-the-acl-user ~* &* +@all
masteruser operator
masterauth of-the-acl-user`,
    way: (host) => ({
      address: host.address6,
      auth: { username: 'operator', password: 'of-the-acl-user' },
      tls: client(),
    }),
    vars: () => ({ redis_username: 'operator', redis_password: 'of-the-acl-user', redis_tls: client() }),
  };
  const behindNat: ByHand = {
    name: 'behind-nat',
    port: 7100,
    secret: 'of-the-default-user',
    address: outside,
    conf: (host) => `port 7100
bind ${host.address}
unixsocket /srv/behind-nat/node.sock
cluster-announce-ip ${outside(host)}
requirepass of-the-default-user
masterauth of-the-default-user`,
    way: (host) => ({ address: host.address, auth: { password: 'of-the-default-user' } }),
    vars: () => ({ redis_password: 'of-the-default-user' }),
  };
  const clusters = [secured, behindNat];
  const client = () => ({
    ca: authority.read('ca.crt'),
    cert: authority.read('client.crt'),
    key: authority.read('client.key'),
  });
  const site = ({ name }: ByHand): string => join(lab.dir, `site-${name}`);
  const secrets = ({ name }: ByHand): string => join(lab.dir, `${name}.yml`);
  const say = async (cluster: ByHand, host: LabHost, ...words: string[]): Promise<RespValue> => {
    const answer = await ask({ via: host.name, port: cluster.port, ...cluster.way(host), commands: [words] });
    if (!answer.ok) throw new Error(`${cluster.name} on ${host.name}: ${answer.message}`);
    return answer.replies[0] ?? null;
  };
  const succeeds = async (
    what: 'run' | 'plan',
    playbook: string,
    cluster: ByHand,
    ...more: string[]
  ): Promise<Finished> => {
    const words = [`playbooks/${playbook}.yml`, '-i', site(cluster), '-e', `@${secrets(cluster)}`];
    const finished = await built(what, ...words, ...more);
    expect(finished.exit, failures(finished)).toBe(0);
    return finished;
  };

  beforeAll(async () => {
    authority = await Authority.named('by hand');
    lab = await labUp({
      name: 'nets-adopt',
      subnet: '10.84.2',
      hosts: 3,
      replace: true,
      everyHost: { users: [{ name: 'deploy', password: sudoPassword, sudo: 'password' }] },
    });
    await authority.issue('client', ['127.0.0.1']);
    for (const host of lab.hosts) {
      await translate(host);
      for (const cluster of clusters) await start(cluster, host);
    }
    for (const cluster of clusters) await join3(cluster);
    const known = readFileSync(lab.knownHostsFile, 'utf8').replaceAll(/^h(\d)/gm, '172.31.84.$1,h$1');
    writeFileSync(join(lab.dir, 'known_hosts_outside'), known);
    const ssh = {
      ansible_ssh_private_key_file: lab.keyFile,
      ansible_ssh_common_args: sshArgs(lab).replace(lab.knownHostsFile, join(lab.dir, 'known_hosts_outside')),
    };
    for (const cluster of clusters)
      writeFileSync(secrets(cluster), stringify({ ...ssh, ...cluster.vars() }), { mode: 0o600 });
  });
  afterAll(async () => {
    authority?.remove();
    await lab?.down();
  });

  /** All others, this machine too, reach the host by an address that it does not have itself. */
  async function translate(host: LabHost): Promise<void> {
    const routes = lab.hosts.filter((other) => other !== host);
    const script = `nft -f - <<RULES
table ip outside {
  chain incoming { type nat hook prerouting priority -100; ip daddr ${outside(host)} dnat to ${host.address}; }
}
RULES
${routes.map((other) => `ip route add ${outside(other)} via ${other.address}`).join('\n')}`;
    expect(await host.exec(`set -e\n${script}`)).toMatchObject({ rc: 0 });
    await run('ip', ['route', 'add', outside(host), 'via', host.address]);
  }

  async function start(cluster: ByHand, host: LabHost): Promise<void> {
    const dir = `/srv/${cluster.name}`;
    const there = `/proc/${host.pid}/root${dir}`;
    mkdirSync(there);
    copyFileSync('/usr/bin/redis-server', join(there, 'server'));
    const { ca, cert, key } = await authority.issue(host.name, [cluster.address(host)]);
    for (const [file, text] of Object.entries({ 'ca.crt': ca, 'node.crt': cert, 'node.key': key }))
      writeFileSync(join(there, file), text);
    const conf = `${cluster.conf(host)}\ndir ${dir}\nappendonly yes\ncluster-enabled yes\nlogfile ${dir}/log\ndaemonize yes\n`;
    writeFileSync(join(there, 'node.conf'), conf);
    const started = await host.exec(`${dir}/server ${dir}/node.conf`);
    expect(started, started.stderr).toMatchObject({ rc: 0 });
  }

  async function join3(cluster: ByHand): Promise<void> {
    const { port } = cluster;
    const [first] = lab.hosts as [LabHost];
    for (const [index, host] of lab.hosts.entries()) {
      await until(
        async () => (await say(cluster, host, 'PING').catch(() => '')) === 'PONG',
        `${cluster.name} ${host.name}`,
      );
      await say(cluster, host, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      await say(cluster, host, 'CLUSTER', 'ADDSLOTSRANGE', ...(SLOTS[index] ?? '').split(' '));
      if (host !== first) await say(cluster, first, 'CLUSTER', 'MEET', cluster.address(host), String(port));
    }
    for (const host of lab.hosts) {
      await until(async () => {
        const nodes = String(await say(cluster, host, 'CLUSTER', 'NODES'));
        const all = lab.hosts.every((other) => nodes.includes(` ${cluster.address(other)}:${port}@`));
        const ok = String(await say(cluster, host, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
        return all && ok && !/handshake|fail|disconnected/.test(nodes);
      }, `${cluster.name} on ${host.name} to serve`);
    }
  }

  /** The inventory serves: nothing is to be changed, every node is asked, and no secret stands in it. */
  async function isTakenOver(cluster: ByHand): Promise<void> {
    const written = ['hosts.yml', 'group_vars/redis.yml'].map((file) =>
      readFileSync(join(site(cluster), file), 'utf8'),
    );
    expect(written.join()).not.toMatch(new RegExp(`${cluster.secret}|PRIVATE|CERTIFICATE|${sudoPassword}`));
    await succeeds('plan', 'cluster', cluster, '--detailed-exitcode');
    expect(changedTasks(await succeeds('run', 'cluster', cluster, '--check'))).toEqual([]);
    await succeeds('run', 'verify', cluster);
    const checked = await rcdeploy('cluster', 'check', '-i', site(cluster), '-e', `@${secrets(cluster)}`);
    expect(checked.exit, checked.out).toBe(0);
  }

  it('takes over a cluster that wants certificates of clients, an ACL user and IPv6', async () => {
    const seed = `[${lab.host('h1').address6}]:7000`;
    const words = ['cluster', 'adopt', seed, '--name', secured.name, '--to', site(secured), '-u', 'root'];
    const adopted = await rcdeploy(...words, '-e', `@${secrets(secured)}`);
    expect(adopted.exit, adopted.err + adopted.out).toBe(0);
    await isTakenOver(secured);
  });

  it('takes over a cluster behind NAT, as root by the password that was asked for', async () => {
    const words = ['cluster', 'adopt', '172.31.84.2:7100', '--name', behindNat.name, '--to', site(behindNat)];
    const become = ['-u', 'deploy', '-e', `@${secrets(behindNat)}`, '-e', 'ansible_become=true', '-K'];
    const terminal = new Terminal(120, 50, [...words, ...become]);
    await terminal.until('become password');
    terminal.type(`${sudoPassword}\r`);
    expect(await terminal.ended(), terminal.lines().join('\n')).toBe(0);
    writeFileSync(
      secrets(behindNat),
      stringify({ ansible_become: true, ansible_become_password: sudoPassword }) +
        readFileSync(secrets(behindNat), 'utf8'),
    );
    await isTakenOver(behindNat);
    await succeeds('run', 'stop', behindNat);
    await succeeds('run', 'start', behindNat);
  });

  it('knows a cluster by the unix socket of one of its nodes', async () => {
    for (const cluster of clusters) {
      const words = ['cluster', 'check', `/srv/${cluster.name}/node.sock`, '--via', 'h3', '-i', lab.inventoryFile];
      const seen = await rcdeploy(...words, '-e', `@${secrets(cluster)}`);
      expect(seen.exit, seen.err + seen.out).toBe(0);
      for (const host of lab.hosts) expect(seen.out).toContain(`${cluster.address(host)}:${cluster.port}`);
    }
  });
});
