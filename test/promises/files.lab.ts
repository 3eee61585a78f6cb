import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';

/** Reads, as a user without rights, whatever can be read in a directory, in a tight loop, and keeps what it could. */
const SPY = `mkdir -p /srv/x && cat >/srv/spy <<'END'
while :; do for f in /srv/x/* /srv/x/.[!.]*; do { read -r line <"$f"; } 2>/dev/null && echo "$f $line"; done; done
END
setsid setpriv --reuid nobody --regid nogroup --clear-groups /bin/sh /srv/spy </dev/null >/tmp/spied 2>/dev/null & echo $! >/tmp/spy`;

describeLab('files on hosts (P2)', () => {
  let lab: Lab;
  let h1: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name: 'wholefiles', hosts: 1, replace: true });
    h1 = lab.host('h1');
  });
  afterAll(() => lab?.down());

  it('are never readable by others while they are written, and are private from the start', async () => {
    await h1.exec(SPY);
    const played = await play(
      `
- hosts: all
  gather_facts: false
  tasks:
    - copy: {dest: "/srv/x/c{{ item }}", content: "secret\\n", mode: "0600", owner: games}
      loop: "{{ range(20) | list }}"
    - copy: {dest: "/srv/x/c{{ item }}", content: "another secret\\n", mode: "0640", owner: games, group: games, backup: true}
      loop: "{{ range(20) | list }}"
    - redis_config: {path: "/srv/x/r{{ item }}", port: 7000, requirepass: secret, settings: {dir: /srv}, owner: games}
      loop: "{{ range(10) | list }}"
    - copy: {dest: /srv/x/public, content: "for all\\n"}
    - wait_for: {path: /tmp/spied, search_regex: public, timeout: 30}
`,
      lab.inventoryFile,
    );
    expect(played.exit).toBe(0);
    const spied = await h1.exec(
      'kill -KILL "$(cat /tmp/spy)"; grep -c secret /tmp/spied; ls -A /srv/x | grep -c "^\\.rc"',
    );
    expect(spied.stdout.split('\n')).toEqual(['0', '0', '']);
  });

  it('stay as they were when there is no room for the new ones', async () => {
    await h1.exec(
      'mkdir /srv/small && mount -t tmpfs -o size=100k tmpfs /srv/small && cd /srv/small && echo old >a && echo old >b',
    );
    const played = await play(
      `
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - {name: one, copy: {dest: /srv/small/a, content: "{{ 'x' * 300000 }}"}}
    - {name: two, copy: {dest: /srv/small/b, content: "{{ 'y' * 300000 }}", backup: true, mode: "0600"}}
`,
      lab.inventoryFile,
    );
    expect(played.lines).toEqual(['one h1: ignored', 'two h1: ignored']);
    expect(String(played.results[0]?.result.msg)).toContain('No space left on device');
    const left = await h1.exec('cd /srv/small; cat a b; stat -c %a a b; find . -name ".rcdeploy*"');
    expect(left.stdout).toBe('old\nold\n644\n644\n');
  });
});
