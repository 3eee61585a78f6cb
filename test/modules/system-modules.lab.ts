import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import type { RunEvent } from '../../src/report/contract.ts';
import { type Played, play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';

/** h1 runs systemd, h2 sshd only, h3 has nothing but BusyBox. */
describeLab('system modules on real hosts', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({
      name: 'mods-system',
      hosts: 3,
      systemd: [1],
      replace: true,
      perHost: { h3: { busybox: true } },
    });
  });
  afterAll(() => lab?.down());

  const run = (tasks: string, options: Parameters<typeof play>[2] = {}, hosts = 'all') =>
    play(
      `- hosts: ${hosts}\n  gather_facts: false\n  tasks:\n${tasks.replace(/^(?=.)/gm, '    ')}`,
      lab.inventoryFile,
      options,
    );
  const on = async (host: string, script: string) => (await lab.host(host).exec(script)).stdout;
  const changes = (played: Played) =>
    played.results.map(({ status, result }) => (status === 'failed' ? result.msg : status));

  /** P4 and P5: check predicts, the run does it, the next one finds nothing to do. */
  async function converges(tasks: string, hosts = 'all'): Promise<Played> {
    const checked = await run(tasks, { check: true }, hosts);
    const played = await run(tasks, {}, hosts);
    expect(changes(played)).toEqual(changes(checked));
    expect(new Set(changes(played))).toEqual(new Set(['changed']));
    expect(new Set(changes(await run(tasks, {}, hosts)))).toEqual(new Set(['ok']));
    return played;
  }

  it('hostname sets the name now and for every boot', async () => {
    await converges('- hostname: { name: "{{ inventory_hostname }}-new" }\n');
    for (const host of ['h1', 'h2', 'h3'])
      expect(await on(host, 'uname -n; cat /etc/hostname')).toBe(`${host}-new\n${host}-new\n`);
  });

  it('cron keeps a crontab and a file of its own', async () => {
    const job = '- cron: { name: save, minute: "5", hour: "*/2", job: "redis-cli BGSAVE >/dev/null 2>&1" }\n';
    const file = '- cron: { name: look, cron_file: redis, user: root, special_time: daily, job: /bin/true }\n';
    await converges(job + file, 'h1,h2');
    expect(await on('h2', 'crontab -l; cat /etc/cron.d/redis; stat -c %a /etc/cron.d/redis')).toBe(
      '#Ansible: save\n5 */2 * * * redis-cli BGSAVE >/dev/null 2>&1\n#Ansible: look\n@daily root /bin/true\n644\n',
    );
    await converges(
      '- cron: { name: save, state: absent }\n- cron: { name: look, cron_file: redis, state: absent, user: root }\n',
      'h2',
    );
    expect(await on('h2', 'crontab -l; ls /etc/cron.d/redis 2>&1 | grep -c cannot')).toBe('1\n');
  });

  it('mount mounts, remounts and takes away what it mounted', async () => {
    const entry = (more: string) => `- mount: { path: /srv/a b, src: tmpfs, fstype: tmpfs, ${more} }\n`;
    await converges(entry('opts: "size=1m,nosuid", state: mounted'), 'h2,h3');
    for (const host of ['h2', 'h3']) {
      expect(await on(host, 'grep "a.040b" /etc/fstab; grep "/srv/a.040b" /proc/mounts')).toMatch(
        /^tmpfs \/srv\/a\\040b tmpfs size=1m,nosuid 0 0\ntmpfs \/srv\/a\\040b tmpfs rw,nosuid,.*size=1024k/,
      );
    }
    await converges(entry('opts: "size=2m,nosuid", state: mounted'), 'h2,h3');
    expect(await on('h2', 'grep "/srv/a.040b" /proc/mounts')).toContain('size=2048k');
    await converges(entry('state: unmounted'), 'h2,h3');
    await converges(entry('state: absent'), 'h2,h3');
    expect(await on('h3', 'grep -c "a.040b" /etc/fstab /proc/mounts; ls -d "/srv/a b" 2>&1 | grep -c No')).toBe(
      '/etc/fstab:0\n/proc/mounts:0\n1\n',
    );
    const before = await on('h2', 'cat /etc/fstab');
    const wrong = await run('- mount: { path: /srv/none, src: /dev/none, fstype: ext4, state: mounted }\n', {}, 'h2');
    expect(wrong.results[0]).toMatchObject({
      status: 'failed',
      result: { msg: expect.stringContaining('Error mounting') },
    });
    expect(await on('h2', 'cat /etc/fstab; ls /srv')).toBe(before);
  });

  it('pam_limits, modprobe and firewalld say what they can and cannot do', async () => {
    await converges('- pam_limits: { domain: redis, limit_type: "-", limit_item: nofile, value: "65536" }\n');
    expect(await on('h3', 'tail -1 /etc/security/limits.conf')).toBe('redis\t-\tnofile\t65536\n');
    const modules = await run(
      '- modprobe: { name: no-such-module, persistent: present, params: "a=1" }\n  ignore_errors: true\n- firewalld: { port: 6379/tcp, state: enabled, permanent: true }\n  ignore_errors: true\n',
      {},
      'h2',
    );
    expect(modules.results.map(({ result }) => String(result.msg))).toEqual([
      expect.stringMatching(/^modprobe no-such-module on h2 failed/),
      'h2 has no firewall-cmd: firewalld is not installed there',
    ]);
  });

  it('firewalld asks and changes through firewall-cmd', async () => {
    // A firewall-cmd that keeps its rules in files: what is tested is what we ask of it.
    await lab.host('h2').exec(`mkdir -p /run/fw && cat >/usr/local/bin/firewall-cmd <<'X'
#!/bin/sh
p=runtime
for a; do case $a in
  --state) exit 0 ;;
  --permanent) p=permanent ;;
  --query-*) n=\${a#--query-}; [ -e "/run/fw/$p-$(echo "$n" | tr '/= ' '___')" ]; exit ;;
  --add-*) n=\${a#--add-}; : >"/run/fw/$p-$(echo "$n" | tr '/= ' '___')" ;;
  --remove-*) n=\${a#--remove-}; rm "/run/fw/$p-$(echo "$n" | tr '/= ' '___')" ;;
esac; done
X
chmod 755 /usr/local/bin/firewall-cmd`);
    const both = (state: string) =>
      `- firewalld: { port: 7000-7005/tcp, zone: public, state: ${state}, permanent: true, immediate: true }\n- firewalld: { rich_rule: 'rule family="ipv4" source address="10.0.0.0/8" accept', state: ${state} }\n`;
    await converges(both('enabled'), 'h2');
    expect(await on('h2', 'ls /run/fw')).toContain('permanent-port_7000-7005_tcp\nruntime-port_7000-7005_tcp\n');
    await converges(both('disabled'), 'h2');
    expect(await on('h2', 'ls /run/fw; rm /usr/local/bin/firewall-cmd')).toBe('');
  });

  it('pause waits once for all hosts, and is skipped in check mode', async () => {
    const started = Date.now();
    const played = await run(
      '- pause: { seconds: 1, prompt: a moment }\n  register: p\n- assert: { that: [p.stdout is match("Paused for 1"), p.delta == 1] }\n',
    );
    expect(played.exit).toBe(0);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
    expect(played.events.filter(({ event }) => event === 'wait')).toHaveLength(1);
    const asked = await run('- pause: { prompt: go on? }\n  register: p\n- assert: { that: p.user_input == "yes" }\n', {
      ask: async (question) => (question === 'go on?' ? 'yes' : 'no'),
    });
    expect(asked.exit).toBe(0);
    expect((await run('- pause: { minutes: 5 }\n', { check: true })).results[0]?.status).toBe('skipped');
  });

  it('uri asks from the host, with nothing but a forwarded stream', async () => {
    await lab
      .host('h2')
      .exec(
        `mkdir -p /srv/www && printf '%s' '{"a": [1, 2]}' >/srv/www/a.json && cd /srv/www && (setsid busybox httpd -f -p 127.0.0.1:8099 -h /srv/www </dev/null >/dev/null 2>&1 &)`,
      );
    const played = await run(
      `- wait_for: { port: 8099, timeout: 20 }
- uri: { url: "http://127.0.0.1:8099/a.json", return_content: true, dest: /srv/got.json, mode: "0600" }
  register: got
- assert: { that: ["got.status == 200", "got.content == '{\\"a\\": [1, 2]}'", "got.changed", "got.content_length == '13'"] }
- uri: { url: "http://127.0.0.1:8099/a.json", dest: /srv/got.json }
  register: again
- assert: { that: not again.changed }
- uri: { url: "http://127.0.0.1:8099/none" }
  register: gone
  ignore_errors: true
- assert: { that: [gone.status == 404, gone is failed] }
- uri: { url: "http://127.0.0.1:8099/none", status_code: [404, 410] }
- uri: { url: "http://127.0.0.1:1/" }
  register: closed
  failed_when: closed.status != -1
- uri: { url: "http://127.0.0.1:1/", creates: /etc/passwd }
`,
      {},
      'h2',
    );
    expect(played.exit, JSON.stringify(played.results.at(-1)?.result)).toBe(0);
    expect(await on('h2', 'cat /srv/got.json; stat -c %a /srv/got.json')).toBe('{"a": [1, 2]}600\n');
    expect((await run('- uri: { url: "http://127.0.0.1:1/" }\n', { check: true }, 'h2')).results[0]?.status).toBe(
      'skipped',
    );
  });

  it('reboot waits for the new boot, and the run goes on under its own lock', async () => {
    const host = lab.host('h1');
    const before = await on('h1', 'cat /proc/1/stat');
    const powered = (async () => {
      // A namespace has nobody to start it again: the test presses the button when it is off.
      for (let tries = 0; tries < 600; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const off = await host.exec('true').then(
          ({ rc }) => rc !== 0,
          () => true,
        );
        if (off) break;
      }
      await host.crash();
      await host.boot();
    })();
    // Hosts of a lab share the kernel and its boot_id; the start of pid 1 tells their boots apart.
    const played = await run(
      `- copy: { dest: /srv/before, content: x }
- reboot: { reboot_timeout: 120, boot_time_command: "cut -d' ' -f22 /proc/1/stat" }
  register: r
- assert: { that: [r.rebooted, r.elapsed >= 1] }
- copy: { dest: /srv/after, content: y }
`,
      {},
      'h1',
    );
    await powered;
    expect(played.exit, JSON.stringify(played.results.at(-1)?.result)).toBe(0);
    expect(await on('h1', 'cat /srv/before /srv/after')).toBe('xy');
    expect(await on('h1', 'cat /proc/1/stat')).not.toBe(before);
    expect(played.events.filter((event) => event.event === 'warning')).toEqual([]);
  });

  it('wait_for_connection waits for a host that is off, and gives up in time', async () => {
    const host = lab.host('h2');
    await host.crash();
    const late = await run('- wait_for_connection: { timeout: 2, connect_timeout: 1 }\n', {}, 'h2');
    expect(late.results[0]).toMatchObject({
      status: 'failed',
      result: { msg: expect.stringMatching(/^timed out waiting for a connection after [2-6] s: /) },
    });
    let booted: Promise<void> | undefined;
    const watch = ({ event }: RunEvent) => {
      if (event === 'task_start') booted ??= host.boot();
    };
    const played = await run('- wait_for_connection: { timeout: 60, connect_timeout: 2 }\n- ping:\n', { watch }, 'h2');
    await booted;
    expect(played.lines).toEqual(['wait_for_connection h2: ok', 'ping h2: ok']);
  });
});
