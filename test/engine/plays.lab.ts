import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { defaults, directoryWith, type Played, play } from './play.ts';

describeLab('plays over SSH', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'plays', hosts: 3, replace: true });
  });
  afterAll(() => lab?.down());

  const everywhere = async (script: string) =>
    Promise.all(lab.hosts.map(async (host) => (await host.exec(script)).stdout.trim()));

  it('gives the same results with and without reading ahead', async () => {
    const dir = directoryWith({
      'play.yml': `
- name: all kinds of flow
  hosts: all
  vars: {base: /srv/flow, who: "{{ inventory_hostname }}"}
  tasks:
    - {name: directory, file: {path: "{{ base }}", state: directory, mode: "0750"}}
    - {name: files, copy: {dest: "{{ base }}/{{ item }}", content: "{{ who }} {{ item }}\\n", mode: "0640"}, loop: [a, b], notify: told}
    - {name: look, stat: {path: "{{ base }}/a"}, register: looked}
    - {name: depends, debug: {msg: "{{ looked.stat.size }}"}, when: looked.stat.exists}
    - {name: shadowed, set_fact: {base: /srv/other}}
    - {name: after set_fact, file: {path: "{{ base }}", state: directory, mode: "0700"}}
    - {name: only one, command: hostname, run_once: true, register: one, changed_when: false}
    - {name: shared, assert: {that: one.rc == 0}}
    - name: guarded
      block:
        - {name: fails on h2, command: /bin/false, when: inventory_hostname == 'h2'}
        - {name: not on h2, ping: }
      rescue:
        - {name: rescued, debug: {msg: "{{ ansible_failed_result.rc }}"}}
      always:
        - {name: always, ping: }
    - {name: template, template: {src: x.j2, dest: /srv/x, mode: "0600"}, notify: told}
    - {name: never there, debug: {msg: no}, tags: never}
  handlers:
    - {name: told, copy: {dest: /srv/told, content: "told\\n"}}
`,
      'templates/x.j2': '{% for host in groups.redis %}\n{{ host }} {{ hostvars[host].zone }}\n{% endfor %}\n',
    });
    const clean = () => everywhere('rm -rf /srv/*');
    const fused = await play(`${dir}/play.yml`, lab.inventoryFile);
    const files = await everywhere(
      'cd /srv && find . -type f -exec sha256sum {} + | sort; stat -c "%n %a" . flow other x',
    );
    expect(fused.exit).toBe(0);
    expect(fused.lines).toContain('told h1: changed');
    expect(fused.lines).toContain('rescued h2: ok');
    expect(fused.lines).not.toContain('not on h2 h2: ok');

    await clean();
    const plain = await play(`${dir}/play.yml`, lab.inventoryFile, { fuse: false });
    expect(plain.lines).toEqual(fused.lines);
    expect(plain.end.stats).toEqual(fused.end.stats);
    expect(
      await everywhere('cd /srv && find . -type f -exec sha256sum {} + | sort; stat -c "%n %a" . flow other x'),
    ).toEqual(files);

    const again = await play(`${dir}/play.yml`, lab.inventoryFile);
    expect(again.lines.filter((line) => line.endsWith(': changed'))).toEqual([]);
  });

  it('writes nothing in check mode, and predicts what the run then does', async () => {
    const text = `
- hosts: all
  gather_facts: false
  tasks:
    - {name: directory, file: {path: /srv/check, state: directory}}
    - {name: file, copy: {dest: /srv/check/x, content: x}, register: made}
    - {name: link, file: {path: /srv/check/l, src: x, state: link}}
    - {name: command, command: touch /srv/check/y, args: {creates: /srv/check/y}}
    - {name: same, file: {path: /srv, state: directory}}
`;
    const before = await everywhere('find /srv /var/lib -newermt @0 -exec stat -c "%n %Y %Z" {} + | sort');
    const checked = await play(text, lab.inventoryFile, { check: true });
    expect(await everywhere('find /srv /var/lib -newermt @0 -exec stat -c "%n %Y %Z" {} + | sort')).toEqual(before);
    const done = await play(text, lab.inventoryFile);
    expect(done.exit).toBe(0);
    expect(checked.lines).toEqual(done.lines);
  });

  it('still owes a handler after a failure, and runs it in the next run though nothing changes', async () => {
    const text = (fail: boolean) => `
- hosts: all
  gather_facts: false
  tasks:
    - {name: config, copy: {dest: /srv/owed.conf, content: "v1\\n"}, notify: restart}
    - {name: gate, command: /bin/${fail ? 'false' : 'true'}, changed_when: false}
  handlers:
    - {name: restart, shell: echo restarted >> /srv/restarts}
`;
    const failed = await play(text(true), lab.inventoryFile);
    expect(failed.exit).toBe(2);
    const owed = ({ end }: Played) => end.owed.map((one) => Object.values(one).join(' ')).sort();
    const begun = failed.events.find(({ event }) => event === 'run_start');
    const [playbook] = begun?.event === 'run_start' ? begun.playbooks : [];
    expect(owed(failed)).toEqual(['h1', 'h2', 'h3'].map((host) => `${host} restart ${playbook}`));
    const other = await play('- {hosts: all, gather_facts: false, tasks: [{ping: }]}\n', lab.inventoryFile);
    expect(owed(other)).toEqual(owed(failed));
    const healed = await play(text(false), lab.inventoryFile);
    expect(healed.lines.filter((line) => line.startsWith('config'))).toEqual([
      'config h1: ok',
      'config h2: ok',
      'config h3: ok',
    ]);
    expect(healed.end.owed).toEqual([]);
    expect(await everywhere('cat /srv/restarts')).toEqual(['restarted', 'restarted', 'restarted']);
    const third = await play(text(false), lab.inventoryFile);
    expect(third.lines.filter((line) => line.startsWith('restart'))).toEqual([]);
  });

  it('still owes a handler of a role whose arguments come from variables that are read during the play', async () => {
    const dir = directoryWith({
      'play.yml': '- hosts: all\n  gather_facts: false\n  roles: [late]\n',
      'roles/late/vars/names.yml': 'noted: /srv/late-restarts\n',
      'roles/late/handlers/main.yml': '- {name: "note in {{ noted }}", shell: "echo restarted >> {{ noted }}"}\n',
      'roles/late/tasks/main.yml': `
- include_vars: names.yml
- {name: config, copy: {dest: /srv/late.conf, content: "v1\\n"}, notify: "note in {{ noted }}"}
- {name: gate, fail: , when: fail_now}
`,
    });
    const extraVars = (fail: boolean) => ({ extraVars: { origin: 'extra vars', vars: { fail_now: fail } } });
    const failed = await play(`${dir}/play.yml`, lab.inventoryFile, extraVars(true));
    expect(failed.end.owed).toHaveLength(3);
    const healed = await play(`${dir}/play.yml`, lab.inventoryFile, extraVars(false));
    expect([healed.exit, healed.end.owed]).toEqual([0, []]);
    expect(await everywhere('cat /srv/late-restarts')).toEqual(['restarted', 'restarted', 'restarted']);
  });

  it('goes on without a dead host, names it, and exits with 4', async () => {
    const [first] = lab.hosts;
    await first?.link('down');
    try {
      const text =
        '- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: there, ping: }\n    - {name: then, ping: }\n';
      const played = await play(text, lab.inventoryFile, { defaults: { ...defaults, connectTimeoutMs: 1500 } });
      expect(played.exit).toBe(4);
      expect(played.lines).toEqual([
        'there h1: unreachable',
        'there h2: ok',
        'there h3: ok',
        'then h2: ok',
        'then h3: ok',
      ]);
      const fatal = await play(text.replace('hosts: all', 'hosts: all\n  any_errors_fatal: true'), lab.inventoryFile, {
        defaults: { ...defaults, connectTimeoutMs: 1500 },
      });
      expect(fatal.exit).toBe(4);
      expect(fatal.lines).toEqual(['there h1: unreachable', 'there h2: ok', 'there h3: ok']);
    } finally {
      await first?.link('up');
    }
  });

  it('says its arithmetic when max_fail_percentage trips', async () => {
    const played = await play(
      '- hosts: all\n  gather_facts: false\n  max_fail_percentage: 30\n  tasks:\n    - {name: one fails, command: /bin/false, when: inventory_hostname == "h3"}\n    - {name: not reached, ping: }\n',
      lab.inventoryFile,
    );
    expect(played.exit).toBe(2);
    expect(played.end.message).toContain('1/3 hosts failed = 33 % > 30 %');
    expect(played.lines.some((line) => line.startsWith('not reached'))).toBe(false);
  });

  it('never renders what comes from a host', async () => {
    await everywhere('printf \'{{ lookup("env", "HOME") }}\' > /srv/evil');
    const played = await play(
      '- hosts: h1\n  gather_facts: false\n  tasks:\n    - {name: read, command: cat /srv/evil, register: evil, changed_when: false}\n    - {name: show, debug: {msg: "{{ evil.stdout }}"}}\n    - {name: keep, set_fact: {kept: "{{ evil.stdout }}"}}\n    - {name: show kept, debug: {msg: "{{ kept }}"}}\n',
      lab.inventoryFile,
    );
    const shown = played.results.filter(({ task }) => task.startsWith('show')).map(({ result }) => result.msg);
    expect(shown).toEqual(['{{ lookup("env", "HOME") }}', '{{ lookup("env", "HOME") }}']);
  });

  it('refuses while another run is at work, naming it, and takes over when that run has died', async () => {
    const hold = new AbortController();
    const holding = play(
      '- hosts: h1\n  gather_facts: false\n  tasks:\n    - {name: long, command: sleep 60}\n',
      lab.inventoryFile,
      { signal: hold.signal },
    );
    const text =
      '- hosts: h1,h2\n  gather_facts: false\n  tasks:\n    - {name: change, copy: {dest: /srv/locked, content: x}}\n';
    await untilTrue(async () => (await lab.host('h1').exec("pgrep -fx 'sleep 60'")).rc === 0);
    const refused = await play(text, lab.inventoryFile, { controlPid: 1 });
    expect(refused.exit).toBe(3);
    expect(refused.end.message).toMatch(
      /another run holds the lock of h1: .* \(pid \d+\), since .*, playbook .*play\.yml/,
    );
    expect((await lab.host('h2').exec('ls /srv/locked')).rc).not.toBe(0);
    hold.abort();
    expect((await holding).exit).toBe(130);
    expect((await lab.host('h1').exec("pgrep -fx 'sleep 60'")).rc).toBe(1);
    expect((await play(text, lab.inventoryFile)).exit).toBe(0);
  });
});

async function untilTrue(condition: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error('the condition did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
