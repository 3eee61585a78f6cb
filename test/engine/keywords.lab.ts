import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { defaults, directoryWith, play } from './play.ts';

describeLab('keywords of plays and tasks', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({
      name: 'keywords',
      hosts: 3,
      replace: true,
      everyHost: { users: [{ name: 'ops', sudo: 'nopasswd' }] },
    });
  });
  afterAll(() => lab?.down());

  const run = (tasks: string, options: Parameters<typeof play>[2] = {}, head = '') =>
    play(
      `- hosts: all\n  gather_facts: false\n${head}  tasks:\n${tasks.replace(/^(?=.)/gm, '    ')}`,
      lab.inventoryFile,
      options,
    );

  it('delegate_to works on another host with the variables of its own', async () => {
    const played = await run(
      '- {name: there, copy: {dest: "/srv/{{ inventory_hostname }}", content: "{{ zone }}"}, delegate_to: h1}\n',
    );
    expect(played.lines).toEqual(['there h1: changed', 'there h2: changed', 'there h3: changed']);
    expect((await lab.host('h1').exec('cd /srv && cat h1 h2 h3')).stdout).toBe('z1z2z3');
    expect((await lab.host('h2').exec('ls /srv')).stdout).toBe('');
  });

  it('until tries again until it holds, and says how often', async () => {
    const played = await run(
      '- name: third time\n  shell: echo x >> /srv/tries; wc -l < /srv/tries\n  register: tries\n  until: tries.stdout | int >= 3\n  retries: 5\n  delay: 0\n- {name: told, assert: {that: tries.attempts == 3}}\n- name: never\n  command: /bin/false\n  retries: 2\n  delay: 0\n  register: never\n  ignore_errors: true\n- {name: gave up, assert: {that: [never is failed, never.attempts == 2]}}\n',
    );
    expect(played.exit).toBe(0);
    expect((await lab.host('h3').exec('wc -l < /srv/tries')).stdout.trim()).toBe('3');
  });

  it('serial goes batch by batch, handlers included', async () => {
    const file = directoryWith({
      'p.yml':
        '- hosts: all\n  gather_facts: false\n  serial: [1, 2]\n  tasks:\n    - {name: work, command: /bin/true, notify: done}\n  handlers:\n    - {name: done, command: /bin/true}\n',
    });
    const played = await play(`${file}/p.yml`, lab.inventoryFile);
    const order = played.events.flatMap((event) =>
      event.event === 'task_start' ? [`${event.task} ${event.hosts.join(' ')}`] : [],
    );
    expect(order).toEqual(['work h1', 'done h1', 'work h2 h3', 'done h2 h3']);
  });

  it('batch_by goes by what the hosts have said of their nodes', async () => {
    const nodes = { h1: ['master a', 'replica b'], h2: ['replica a'], h3: ['replica c'] };
    for (const [name, lines] of Object.entries(nodes)) {
      await lab.host(name).exec('cat > /srv/nodes', { stdin: lines.join('\n') });
    }
    const asking = `- hosts: all
  gather_facts: false
  tasks:
    - {name: ask, command: cat /srv/nodes, register: said, changed_when: false}
    - name: keep
      set_fact: {role: "{{ said.stdout_lines | map('split') | map('first') }}", shard: "{{ said.stdout_lines | map('split') | map('last') }}"}
`;
    for (const [by, order] of [
      ['role', ['work h2 h3', 'work h1']],
      ['shard', ['work h1 h3', 'work h2']],
    ] as const) {
      const working = `- hosts: all\n  gather_facts: false\n  batch_by: ${by}\n  tasks:\n    - {name: work, command: /bin/true}\n`;
      const played = await play(`${asking}${working}`, lab.inventoryFile);
      const steps = played.events.flatMap((event) =>
        event.event === 'task_start' && event.task === 'work' ? [`${event.task} ${event.hosts.join(' ')}`] : [],
      );
      expect([played.exit, steps]).toEqual([0, order]);
    }
  });

  it('tags and limits choose, always and never as they say', async () => {
    const tasks =
      '- {name: a, ping: , tags: a}\n- {name: b, ping: , tags: [b, never]}\n- {name: c, ping: , tags: always}\n- {name: d, ping: }\n';
    expect((await run(tasks, { tags: ['a'], limit: 'h2' })).lines).toEqual(['a h2: ok', 'c h2: ok']);
    expect((await run(tasks, { skipTags: ['a'], limit: 'h2' })).lines).toEqual(['c h2: ok', 'd h2: ok']);
    expect((await run(tasks, { tags: ['b'], limit: 'h2' })).lines).toEqual(['b h2: ok', 'c h2: ok']);
  });

  it('become runs one task as another user and leaves the next alone', async () => {
    const played = await run(
      '- {name: me, command: id -un, register: me, changed_when: false}\n- {name: root, command: id -un, register: root, become: true, changed_when: false}\n- {name: told, assert: {that: [me.stdout == "ops", root.stdout == "root"]}}\n',
      { extraVars: { origin: 'extra vars', vars: { ansible_user: 'ops' } } },
    );
    expect(played.exit, JSON.stringify(played.results.map(({ result }) => result))).toBe(0);
  });

  it('retry_unreachable waits for a host that comes back', async () => {
    const h2 = lab.host('h2');
    await h2.link('down');
    const waits: string[] = [];
    const played = run(
      '- {name: there, ping: }\n',
      {
        limit: 'h1,h2',
        defaults: { ...defaults, connectTimeoutMs: 1000 },
        watch: (event) => {
          if (event.event !== 'wait') return;
          waits.push(event.host);
          void h2.link('up');
        },
      },
      '  retry_unreachable: 6\n',
    );
    expect((await played).lines).toEqual(['there h1: ok', 'there h2: ok']);
    expect(new Set(waits)).toEqual(new Set(['h2']));
  });

  it('async ends a task that takes longer, and waits for one that does not', async () => {
    const played = await run(
      '- {name: quick, command: echo done, async: 30, poll: 1, register: r}\n- {name: told, assert: {that: r.stdout == "done"}}\n- {name: slow, command: sleep 301, async: 1, poll: 1}\n',
      { limit: 'h1' },
    );
    expect(played.lines).toEqual(['quick h1: changed', 'told h1: ok', 'slow h1: failed']);
    expect((await lab.host('h1').exec("pgrep -fx 'sleep 301'")).rc).toBe(1);
  });

  it('a task that takes too long is ended on the host', async () => {
    const played = await run('- {name: slow, command: sleep 300, timeout: 1}\n', { limit: 'h1' });
    expect(played.exit).toBe(2);
    expect(played.results[0]?.result.msg).toContain('timed out after 1 s');
    expect((await lab.host('h1').exec("pgrep -fx 'sleep 300'")).rc).toBe(1);
  });
});
