import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, type Finished, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';
import { inventoryOf } from './hosts.ts';

type Hosts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** One line per warning. */
function warnings(finished: Finished): string {
  return finished.events
    .flatMap((event) => (event.event === 'warning' ? [`${event.host}: ${event.message}`] : []))
    .join('\n');
}

function hints(finished: Finished): string {
  return finished.events.flatMap((event) => (event.event === 'result' ? [event.hint ?? ''] : [])).join('\n');
}

describeLab('deploying to hosts as they are', () => {
  let lab: Lab;
  let source: string[];
  const run = (playbook: string, hosts: Hosts, ...more: string[]) =>
    rcdeploy('run', `playbooks/${playbook}.yml`, '-i', inventoryOf(lab, hosts), ...source, ...more);
  const exec = async (host: string, script: string) => (await lab.host(host).exec(script)).stdout;

  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({
      name: 'test-first-deploy',
      hosts: 5,
      replace: true,
      systemd: [4],
      perHost: { h1: { readOnly: ['/opt'] }, h2: { busybox: true, tmp: { size: '64k', noexec: true } } },
    });
  });
  afterAll(() => lab?.down());

  describe('disks', () => {
    test('a place that takes no programs is named, with what to do', async () => {
      const readOnly = await run('standalone', { h1: {} });
      expect(failures(readOnly)).toMatch(/\/opt\/redis cannot be used/);
      expect(hints(readOnly)).toContain('redis_prefix');
      const elsewhere = await run('standalone', { h1: { redis_prefix: '/srv/redis' } });
      expect(elsewhere.exit, failures(elsewhere)).toBe(0);

      await exec(
        'h3',
        'mkdir -p /opt/redis /var/lib/redis; mount -t tmpfs -o size=1m x /opt/redis; mount -t tmpfs -o size=20m x /var/lib/redis',
      );
      const full = await run('standalone', { h3: {} });
      expect(failures(full)).toContain('No space left on device');
      expect(hints(full)).toContain('make room there');
      expect(warnings(full)).toContain('only 20 MB are free for /var/lib/redis');
      expect(await exec('h3', 'find /opt/redis -mindepth 1')).toBe('');
      await exec('h3', 'umount /opt/redis; mount -t tmpfs -o noexec x /opt/redis');
      expect(hints(await run('standalone', { h3: {} }))).toContain('mounted noexec');
      await exec('h3', 'umount /opt/redis /var/lib/redis; rmdir /opt/redis /var/lib/redis');
    });

    test('BusyBox without systemd and a full noexec /tmp do', async () => {
      await exec('h2', 'dd if=/dev/zero of=/tmp/fill');
      const first = await run('standalone', { h2: {} });
      expect(first.exit, failures(first)).toBe(0);
      expect(warnings(first)).toContain('will not start by itself at boot (no systemd here)');
      expect(changedTasks(await run('standalone', { h2: {} }))).toEqual([]);
    });
  });

  describe('a Redis of the distribution', () => {
    beforeAll(async () => {
      const ours = await run('standalone', { h4: { redis_ports: [7000] } });
      expect(ours.exit, failures(ours)).toBe(0);
      await exec(
        'h4',
        `cp /opt/redis/current/bin/redis-server /usr/bin/; mkdir -p /etc/redis
printf 'bind 127.0.0.1\\nport 6379\\n' >/etc/redis/redis.conf
printf '[Service]\\nExecStart=/usr/bin/redis-server /etc/redis/redis.conf\\n[Install]\\nAlias=redis.service\\n' >/lib/systemd/system/redis-server.service
systemctl daemon-reload; systemctl enable --now redis-server`,
      );
    });

    it('is named with what ends it before anything is changed, and left alone on another port', async () => {
      const look = 'md5sum /etc/redis/redis.conf; systemctl show -p MainPID redis-server; ls /etc/redis /var/lib/redis';
      const before = await exec('h4', look);
      const taken = await run('standalone', { h4: {} });
      expect(taken.exit).toBe(2);
      expect(failures(taken)).toMatch(
        /port 6379 by pid \d+ of the distribution's redis-server.service \(systemctl disable --now redis-server.service ends it\)/,
      );
      expect(changedTasks(taken)).toEqual([]);
      expect(await exec('h4', look)).toBe(before);
      const beside = await run('standalone', { h4: { redis_ports: [7000] } });
      expect(beside.exit, failures(beside)).toBe(0);
      expect(warnings(beside).match(/the distribution's redis-server.service runs here/g)).toHaveLength(1);
    });
  });

  describe('a firewall', () => {
    /** Keeps what it is told, as firewalld does, now and for its next start. */
    const standIn = `cat >/usr/bin/firewall-cmd <<'CMD'
#!/bin/sh
for word; do case $word in --permanent) file=/etc/ports ;; --add-port=*) echo "\${word#*=}" >>"\${file:-/run/ports}" ;; --list-ports) tr '\\n' ' ' <"\${file:-/run/ports}" ;; esac; done
CMD
chmod 755 /usr/bin/firewall-cmd; echo 22/tcp >/run/ports
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/firewalld.service; systemctl daemon-reload; systemctl start firewalld`;

    it('at work is named, and opened only when that is asked for', async () => {
      await exec('h4', standIn);
      const h4 = { h4: { redis_ports: [7000] } };
      const named = await run('standalone', h4);
      expect(warnings(named)).toContain('h4: firewalld is at work and has no rule for port 7000 (open_ports');
      expect(changedTasks(named)).toEqual([]);
      const opened = await run('standalone', h4, '-e', 'redis_open_ports=true');
      expect(changedTasks(opened)).toEqual(['Look at the host h4']);
      expect(await exec('h4', 'cat /etc/ports /run/ports')).toBe('7000/tcp\n22/tcp\n7000/tcp\n');
      const again = await run('standalone', h4);
      expect(changedTasks(again)).toEqual([]);
      expect(warnings(again)).not.toContain('firewalld');
      await exec('h4', 'systemctl stop firewalld; rm /usr/bin/firewall-cmd /etc/systemd/system/firewalld.service');
    });
  });

  describe('addresses', () => {
    test('several, none on the named interface, and too few nodes are refused before anything is written', async () => {
      await exec('h3', 'ip link add data0 type bridge; ip addr add 10.250.0.3/24 dev data0; ip link set data0 up');
      const several = await run('cluster', { h3: {} });
      expect(failures(several)).toMatch(
        /h3 has several addresses \(.*10.250.0.3.*\): set redis_address or redis_interface.*data0/,
      );
      const none = await run('cluster', { h3: { redis_interface: 'eth7' } });
      expect(failures(none)).toContain('h3 has no IPv4 address on eth7');
      const strange = await run('cluster', { h3: { redis_address: '10.99.99.9' } });
      expect(failures(strange)).toMatch(/h3 has no address 10.99.99.9 \(it has .*redis_bind is its own/);
      const few = await run('cluster', { h3: { redis_interface: 'data0' } });
      expect(failures(few)).toContain('declare at least');
      expect([several, none, strange, few].flatMap(changedTasks)).toEqual([]);
    });
  });

  describe('a cluster', () => {
    const nodes = (more: object = {}): Hosts =>
      Object.fromEntries(
        ['h2', 'h3', 'h5'].map((name) => [name, { redis_interface: 'eth0', redis_ports: [7100, 7101], ...more }]),
      );

    it('is made without names between hosts, with a clock that is off, low limits and a kernel that refuses; logs rotate', async () => {
      for (const name of ['h2', 'h3', 'h5']) await exec(name, "sed -i '/ h[0-9]/d' /etc/hosts");
      await exec(
        'h5',
        `mv /usr/bin/date /usr/bin/date.real
printf '#!/bin/sh\\nexec date.real -d @$(($(date.real +%%s) + 180)) "$@"\\n' >/usr/bin/date; chmod 755 /usr/bin/date
printf 'root hard nofile 1000\\nroot soft nofile 1000\\n' >>/etc/security/limits.conf
mount -o remount,bind,ro /proc/sys/vm/overcommit_memory`,
      );
      const first = await run('cluster', nodes(), '-e', 'redis_tune_host=true');
      expect(first.exit, failures(first)).toBe(0);
      expect(warnings(first)).toMatch(/h5: its clock is 1(79|80|81) s ahead/);
      expect(warnings(first)).not.toMatch(/h[23]: its clock|somaxconn/);
      expect(warnings(first)).toContain('h5: the limit of open files is 1000');
      expect(warnings(first)).toMatch(/h5: vm.overcommit_memory is 0 and cannot be set here/);
      const again = await run('cluster', nodes(), '-e', 'redis_tune_host=true');
      expect(changedTasks(again)).toEqual([]);
      // Root logged in anew, and PAM read the limits that the first run had set.
      expect(warnings(again)).not.toContain('limit of open files');
      const rotated = await exec(
        'h3',
        'logrotate -f /etc/logrotate.d/rcdeploy-main; /opt/redis/current/bin/redis-cli -p 7100 bgrewriteaof; ls /var/log/redis/7100',
      );
      expect(rotated).toContain('redis.log.1');
    });

    it('stops before any change with one host down, and says so', async () => {
      const down = {
        ...nodes({ redis_config: { maxclients: 500 } }),
        gone: { ansible_host: lab.host('h1').address, ansible_port: 2 },
      };
      const finished = await run('cluster', down, '-T', '2');
      expect(finished.exit).toBe(4);
      expect(changedTasks(finished)).toEqual([]);
      expect(finished.end?.message).toMatch(/^task '.*' failed on gone, so the other hosts did not go on$/);
    });
  });
});
