import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { until } from '../redis/servers.ts';
import { play } from './play.ts';

const state = '/var/lib/rcdeploy';

describeLab('plays that connect as different users', () => {
  let lab: Lab;
  let host: LabHost;
  beforeAll(async () => {
    lab = await labUp({
      name: 'ways',
      hosts: 1,
      replace: true,
      everyHost: { users: [{ name: 'ops', sudo: 'nopasswd' }] },
    });
    host = lab.host('h1');
  });
  afterAll(() => lab?.down());
  beforeEach(async () => {
    await host.exec('rm -rf /srv/* && mkdir -m 0777 /srv/open');
  });

  const asRootThenOps = (tasks: string) => `- hosts: all
  gather_facts: false
  tasks:
    - {name: of root, copy: {dest: /srv/of-root, content: x}}
- hosts: all
  gather_facts: false
  vars: {ansible_user: ops}
  tasks:
${tasks.replace(/^(?=.)/gm, '    ')}`;
  const change = '- hosts: all\n  gather_facts: false\n  tasks: [{name: change, command: touch /srv/changed}]\n';
  const locks = async () => (await host.exec(`cd ${state} && ls -d lock.* | sort`)).stdout.trim().split('\n');

  it('take the lock once, keep it while they work, and give it back', async () => {
    const hold = new AbortController();
    const holding = play(asRootThenOps('- {name: long, command: sleep 60}\n'), lab.inventoryFile, {
      signal: hold.signal,
    });
    await untilRuns(host, "pgrep -u ops -fx 'sleep 60'");
    const refused = await play(change, lab.inventoryFile, { controlPid: 1 });
    expect(refused.exit).toBe(3);
    expect(refused.end.message).toContain('another run holds the lock of h1');
    expect(await locks()).toHaveLength(1);
    hold.abort();
    expect((await holding).exit).toBe(130);
    expect((await host.exec("pgrep -fx 'sleep 60'")).rc).toBe(1);
    const [lock, released] = await locks();
    expect(released).toBe(`${lock}.released`);
    expect((await host.exec('ls -A /home/ops/.local')).rc).not.toBe(0);
    const next = await play(change, lab.inventoryFile);
    expect([next.exit, next.events.filter(({ event }) => event === 'warning')]).toEqual([0, []]);
  });

  it('owe handlers in one place', async () => {
    const text = (fails: boolean) =>
      `${asRootThenOps(`- {name: changes, copy: {dest: /srv/open/x, content: x}, notify: restart}\n- {name: fails, fail: {}, when: ${fails}}\n`)}  handlers: [{name: restart, shell: 'id -un >/srv/open/restarted'}]\n`;
    const failed = await play(text(true), lab.inventoryFile);
    expect([failed.exit, failed.end.owed]).toEqual([2, [expect.objectContaining({ host: 'h1', handler: 'restart' })]]);
    expect((await host.exec(`ls ${state}/owed`)).stdout).toMatch(/^[0-9a-f]{24}\.json\n$/);
    const next = await play(text(false), lab.inventoryFile);
    expect([next.exit, next.end.owed]).toEqual([0, []]);
    expect((await host.exec('cat /srv/open/restarted')).stdout).toBe('ops\n');
    expect((await host.exec(`ls ${state}/owed`)).stdout).toBe('');
  });

  it('share what is equal: each user logs in once', async () => {
    const count = `- {name: count, shell: "awk '$2 ~ /:0016$/ && $4 == \\"01\\"' /proc/net/tcp | wc -l"}\n`;
    const played = await play(
      `${asRootThenOps('- {name: a, command: id}\n')}${asRootThenOps(count)}`,
      lab.inventoryFile,
    );
    expect([played.exit, played.results.at(-1)?.result.stdout]).toEqual([0, '2']);
  });

  it('go on, locked, when who came first can come no more', async () => {
    const text =
      asRootThenOps(`- {name: shut out, become: true, shell: "echo DenyUsers root >>/etc/ssh/sshd_config; pkill -HUP -o sshd; pkill -f '^sshd: root'; true"}
- {name: works, command: touch /srv/open/works}
- {name: as root, command: touch /srv/again, become: true}
- {name: long, command: sleep 60}
`);
    const hold = new AbortController();
    const holding = play(text, lab.inventoryFile, { signal: hold.signal });
    await untilRuns(host, "pgrep -u ops -fx 'sleep 60'");
    const refused = await play(change, lab.inventoryFile, {
      controlPid: 1,
      extraVars: { origin: 'extra vars', vars: { ansible_user: 'ops', ansible_become: true } },
    });
    expect(refused.exit).toBe(3);
    hold.abort();
    expect((await holding).exit).toBe(130);
    expect((await host.exec('ls /srv/again /srv/open/works')).rc).toBe(0);
    const [lock, released] = await locks();
    expect(released).toBe(`${lock}.released`);
  });
});

const untilRuns = (host: LabHost, script: string) => until(async () => (await host.exec(script)).rc === 0, script);
