import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';

/** The host's sshd processes without the listener: those that serve a connection. */
const SERVING = 'for p in $(pgrep sshd); do grep -q listener /proc/$p/cmdline || echo $p; done';

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describeLab('an interrupted run (P7)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({
      name: 'bounded',
      hosts: 4,
      replace: true,
      perHost: { h4: { root: { profile: 'sleep 1000\n' } } },
    });
  });
  afterAll(() => lab?.down());

  /** Interrupts the run when every host has the file, and tells what came of it and how long that took. */
  async function interrupted(text: string, hosts: readonly LabHost[], before: () => Promise<unknown>) {
    const control = new AbortController();
    const run = play(text, lab.inventoryFile, { signal: control.signal });
    await until(async () =>
      (await Promise.all(hosts.map((host) => host.exec('test -s /tmp/at')))).every(({ rc }) => rc === 0),
    );
    await before();
    const started = performance.now();
    control.abort();
    const played = await run;
    return { played, ms: performance.now() - started };
  }

  it('returns within 10 s though a host is cut off and another hangs, and names them', async () => {
    const [h1, h2, h3] = lab.hosts as [LabHost, LabHost, LabHost];
    const text = `
- hosts: h1,h2,h3
  gather_facts: false
  tasks:
    - shell: trap '' TERM; echo $$ >/tmp/at; while :; do sleep 0.2; done
`;
    const { played, ms } = await interrupted(text, [h1, h2, h3], async () => {
      await h1.link('down');
      await h2.exec(`kill -STOP $(${SERVING})`);
    });
    expect(ms).toBeLessThan(10_000);
    expect(played.exit).toBe(130);
    expect(played.end.message).toMatch(/h1, h2 did not confirm/);

    // What was cut off ends, and only then does the next run get the lock, by itself.
    await h1.link('up');
    await h2.exec('pkill -CONT sshd');
    const next = await play(
      '- hosts: h1,h2,h3\n  tasks:\n    - copy: {dest: /srv/next, content: x}\n',
      lab.inventoryFile,
    );
    expect(next.exit).toBe(0);
    const left = await Promise.all([h1, h2, h3].map((host) => host.exec('kill -0 "$(cat /tmp/at)"')));
    expect(left.map(({ rc }) => rc)).toEqual([1, 1, 1]);
  });

  it('returns within 10 s while a login shell hangs', async () => {
    const control = new AbortController();
    const run = play('- hosts: h4\n  gather_facts: false\n  tasks: [ping: ]\n', lab.inventoryFile, {
      signal: control.signal,
    });
    await until(async () => (await lab.host('h4').exec('pgrep -f "sleep 1000$"')).rc === 0);
    const started = performance.now();
    control.abort();
    expect((await run).exit).toBe(130);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
