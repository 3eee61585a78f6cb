import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { thisHolder } from '../../src/state/control-process.ts';
import { lockContent, takeLockScript } from '../../src/state/lock.ts';
import { play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { Terminal } from '../report/terminal.ts';
import { rcdeploy } from './program.ts';

describeLab('rcdeploy unlock', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'clunlock', hosts: 2, replace: true });
  });
  afterAll(() => lab?.down());

  const unlock = (...more: string[]) => rcdeploy('unlock', '-i', lab.inventoryFile, ...more);
  const runs = async (host: LabHost, pid: number) => (await host.exec(`kill -0 ${pid}`)).rc === 0;

  /** What a run from another machine left: a session shell that holds the lock, and the work below it. */
  async function leave(host: LabHost, generation: number): Promise<{ shell: number; work: number }> {
    const { stdout } = await host.exec(
      `setsid sh -c 'trap "" HUP; setsid sleep 1000 & echo $! >/tmp/work; wait' </dev/null >/dev/null 2>&1 & shell=$!
until [ -s /tmp/work ]; do :; done
stat=$(cat /proc/$shell/stat); set -- \${stat##*) }
echo $shell \${20} $(cat /proc/sys/kernel/random/boot_id) $(cat /tmp/work); rm /tmp/work`,
    );
    const [pid, startTime = '', bootId = '', work] = stdout.trim().split(' ');
    const holder = { ...thisHolder(1, 'site.yml'), user: 'ann', controlHost: 'far-away', controlPid: 4711 };
    const shell = { pid: Number(pid), startTime, bootId };
    const stdin = lockContent(shell, holder).toString();
    expect(await host.exec(takeLockScript(generation), { stdin })).toMatchObject({ rc: 0 });
    return { shell: shell.pid, work: Number(work) };
  }

  it('says that all is free where nobody holds a lock', async () => {
    expect(await unlock()).toMatchObject({ exit: 0, out: 'h1  free\nh2  free\n' });
  });

  it('names who holds it, ends nothing without a yes, and with one ends what was left, and only that', async () => {
    const [h1] = lab.hosts as [LabHost];
    const left = await leave(h1, 0);
    const asked = await unlock();
    expect(asked).toMatchObject({ exit: 3, err: '' });
    expect(asked.out).toMatch(
      /^h1 {2}held +ann on far-away \(pid 4711\), since \d{4}-.*, playbook site\.yml\nh2 {2}free\n/,
    );
    expect(asked.out).toContain('nothing was ended');
    expect(await runs(h1, left.work)).toBe(true);

    const text =
      '- hosts: h1\n  gather_facts: false\n  tasks:\n    - {name: change, copy: {dest: /srv/x, content: x}}\n';
    expect((await play(text, lab.inventoryFile)).exit).toBe(3);

    const terminal = new Terminal(160, 20, ['unlock', 'h1', '-i', lab.inventoryFile]);
    await terminal.until('End it on 1 host? (yes/no) ');
    terminal.type('yes\r');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.lines().at(-1)).toBe('unlocked h1');
    expect(await runs(h1, left.shell)).toBe(false);
    expect(await runs(h1, left.work)).toBe(false);
    expect((await unlock('h1')).out).toMatch(
      /^h1 {2}dead +its last holder has died: ann on far-away .* takes it over\n$/,
    );
    expect((await play(text, lab.inventoryFile)).exit).toBe(0);
  });

  it('never ends a run that is at work, here or elsewhere, --yes or not', async () => {
    const [h1] = lab.hosts as [LabHost];
    const hold = new AbortController();
    const holding = play(
      '- hosts: h1\n  gather_facts: false\n  tasks:\n    - {name: long, command: sleep 1001}\n',
      lab.inventoryFile,
      { signal: hold.signal, controlPid: process.pid },
    );
    const atWork = async () => (await h1.exec("pgrep -fx 'sleep 1001'")).rc;
    await expect.poll(atWork, { timeout: 60_000 }).toBe(0);
    const refused = await unlock('h1', '--yes');
    expect(refused.exit).toBe(3);
    expect(refused.out).toMatch(/^h1 {2}alive .*that run is at work on this machine\n$/);
    // The same run, begun elsewhere: what it sends to its session every 15 s is heard.
    await h1.exec(`sed -i 's/"controlHost":"[^"]*"/"controlHost":"far-away"/' /var/lib/rcdeploy/lock.*`);
    const heard = await unlock('h1', '--yes');
    expect(heard.exit).toBe(3);
    expect(heard.out).toMatch(/^h1 {2}alive .* on far-away .*that run is at work: a sign of life of it was heard\n$/);
    expect(await atWork()).toBe(0);
    hold.abort();
    expect((await holding).exit).toBe(130);
  });

  it('tells of a host that gives no answer, and of a wrong pattern', async () => {
    await lab.hosts[1]?.link('down');
    expect(await unlock('-T', '1')).toMatchObject({ exit: 4, out: expect.stringMatching(/h2 {2}unreachable +\S/) });
    await lab.hosts[1]?.link('up');
    expect(await unlock('h3')).toMatchObject({ exit: 1 });
  });
});
