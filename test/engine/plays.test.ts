import { describe, expect, it } from 'vitest';
import { flow, stepsOf } from './flow.ts';

const all = (rest: string) => `- hosts: web\n  gather_facts: false\n${rest}`;
const tasks = (...list: string[]) => `  tasks:\n${list.map((task) => `    - ${task}\n`).join('')}`;

describe('batches', () => {
  it('batch_by: zone never has hosts of two zones in one, and serial cuts further', async () => {
    const batches = async (head: string) => stepsOf(await flow(all(head + tasks('{name: t, debug: }'))));
    expect(await batches('  batch_by: zone\n')).toEqual(['t @ h1 h3', 't @ h2']);
    expect(await batches('  batch_by: zone\n  serial: 1\n')).toEqual(['t @ h1', 't @ h3', 't @ h2']);
    expect(await batches('')).toEqual(['t @ h1 h2 h3']);
  });

  const members = (vars: Readonly<Record<string, string>>) => ({
    'hosts.yml': `all:\n  vars: {ansible_connection: local}\n  children:\n    web:\n      hosts:\n${Object.entries(vars)
      .map(([host, own]) => `        ${host}: {${own}}\n`)
      .join('')}`,
  });
  const four = members({
    a1: 'shard: a, role: master',
    a2: 'shard: a, role: replica',
    b1: 'shard: [b, c], role: [replica, replica]',
    b2: 'shard: [c, b], role: [replica, master]',
  });
  const played = (head: string, files = four) => flow(all(head + tasks('{name: t, debug: }')), files);

  it('batch_by: shard never has two hosts of a shard in one, and serial cuts further', async () => {
    expect(stepsOf(await played('  batch_by: shard\n'))).toEqual(['t @ a1 b1', 't @ a2 b2']);
    const cut = stepsOf(await played('  batch_by: shard\n  serial: 1\n'));
    expect(cut).toEqual(['t @ a1', 't @ b1', 't @ a2', 't @ b2']);
  });

  it('batch_by: role has replicas before masters, and never two hosts of a shard in one', async () => {
    expect(stepsOf(await played('  batch_by: role\n'))).toEqual(['t @ a2 b1', 't @ a1 b2']);
    const three = members({ m: 'shard: 1, role: master', r: 'shard: 1, role: replica', s: 'shard: 1, role: replica' });
    expect(stepsOf(await played('  batch_by: role\n', three))).toEqual(['t @ r', 't @ s', 't @ m']);
  });

  it.each([
    ['shard', 'role: master', "host h has no variable 'shard'"],
    ['shard', 'shard: []', "host h has no variable 'shard'"],
    ['shard', 'shard: {a: b}', "host h has a variable 'shard' that is neither text nor a list of texts"],
    ['role', 'shard: a', "host h has no variable 'role'"],
    ['role', 'shard: a, role: web', "host h has role 'web', which is neither master nor replica"],
    ['role', 'role: replica', "host h has no variable 'shard'"],
  ])('batch_by: %s is refused where a host has only {%s}', async (by, vars, problem) => {
    const { exit, end, events, dir } = await played(`  batch_by: ${by}\n`, members({ h: vars }));
    expect(events.some(({ event }) => event === 'task_start')).toBe(false);
    expect(exit).toBe(2);
    expect(end.message).toMatch(
      `${dir}/play.yml:1:3: batch_by: ${by}: ${problem}; set it in the inventory, or by set_fact`,
    );
  });

  it('batch_by: shard takes what an earlier play has set', async () => {
    const before = all(tasks('{set_fact: {shard: "{{ inventory_hostname[0] }}"}}'));
    const after = all(`  batch_by: shard\n${tasks('{name: t, debug: }')}`);
    const files = members({ a1: '', a2: '', b1: '' });
    expect(stepsOf(await flow(before + after, files)).slice(1)).toEqual(['t @ a1 b1', 't @ a2']);
  });

  it('run_once: play runs once, whatever the batches, and all hosts get the result', async () => {
    const once = (value: string) =>
      flow(
        all(
          `  serial: 1\n${tasks(`{name: once, debug: {msg: x}, register: r, run_once: ${value}}`, `{name: all, debug: {msg: "{{ r.msg }}"}}`)}`,
        ),
      );
    expect(stepsOf(await once('play'))).toEqual(['once @ h1', 'all @ h1', 'all @ h2', 'all @ h3']);
    expect(stepsOf(await once('true'))).toEqual([
      'once @ h1',
      'all @ h1',
      'once @ h2',
      'all @ h2',
      'once @ h3',
      'all @ h3',
    ]);
    expect((await once('play')).said).toEqual(['h1: x', 'h1: x', 'h2: x', 'h3: x']);
  });

  it('max_fail_hosts counts over all batches', async () => {
    const text = (limit: string) =>
      all(
        `  serial: 1\n${limit}${tasks('{name: bad, fail: , when: inventory_hostname != "h3", ignore_errors: false}')}`,
      );
    const ended = await flow(text('  max_fail_hosts: 0\n'));
    expect(ended.end.message).toBe('max_fail_hosts: 1 of 3 hosts failed > 0');
    expect(ended.end.not_finished).toEqual(['h2', 'h3']);
  });

  it('end_play ends what batches are left, end_batch only its own', async () => {
    const text = (action: string) =>
      all(
        `  serial: 1\n${tasks('{name: a, debug: }', `{meta: ${action}, when: inventory_hostname == 'h1'}`, '{name: b, debug: }')}`,
      );
    const ended = await flow(text('end_play'));
    expect([stepsOf(ended), ended.end.not_finished]).toEqual([['a @ h1'], []]);
    expect(stepsOf(await flow(text('end_batch')))).toEqual(['a @ h1', 'a @ h2', 'b @ h2', 'a @ h3', 'b @ h3']);
  });
});

describe('the free strategy', () => {
  it('lets each host go on by itself, handlers included', async () => {
    const text = all(
      `  strategy: free\n${tasks('{name: a, debug: , changed_when: true, notify: h}', '{name: b, fail: , when: inventory_hostname == "h2"}', '{name: c, debug: }')}  handlers: [{name: h, debug: }]\n`,
    );
    const played = await flow(text);
    expect(played.exit).toBe(2);
    const steps = stepsOf(played);
    expect(steps.filter((step) => step.endsWith('h1'))).toEqual(['a @ h1', 'b @ h1', 'c @ h1', 'h @ h1']);
    expect(steps.filter((step) => step.endsWith('h2'))).toEqual(['a @ h2', 'b @ h2']);
  });

  it('says that run_once has no meaning', async () => {
    const { events } = await flow(all(`  strategy: free\n${tasks('{name: a, debug: , run_once: true}')}`));
    expect(events.filter(({ event }) => event === 'task_start')).toHaveLength(3);
    expect(JSON.stringify(events)).toContain('run_once has no meaning with strategy: free');
  });
});

describe('what is asked', () => {
  it('vars_prompt: answers are data, and seen by the plays that ask', async () => {
    const answers = { origin: 'vars_prompt', vars: { a: '{{ 7 * 7 }}' }, isData: true as const };
    const text = `${all(`  vars_prompt: [{name: a}]\n${tasks('{debug: {msg: "{{ a }}"}, run_once: true}')}`)}${all(tasks('{debug: {msg: "{{ a | default(0) }}"}, run_once: true}'))}`;
    expect((await flow(text, {}, { answers })).said).toEqual(['h1: {{ 7 * 7 }}', 'h1: 0']);
  });

  it('--step: no skips a task, continue asks no more', async () => {
    const asked: string[] = [];
    const replies = ['no', 'yes', 'continue'] as const;
    const confirmTask = async (task: string) => {
      asked.push(task);
      return replies[asked.length - 1] ?? 'no';
    };
    const played = await flow(
      all(tasks(...['a', 'b', 'c', 'd'].map((name) => `{name: ${name}, debug: }`))),
      {},
      { confirmTask },
    );
    expect(stepsOf(played).map((step) => step.slice(0, 1))).toEqual(['b', 'c', 'd']);
    expect(asked).toEqual(['a', 'b', 'c']);
  });
});

describe('the inventory', () => {
  it('add_host makes hosts that later plays work on, with what it says of them as data', async () => {
    const text = `${all(tasks('{add_host: {name: new, groups: [fresh, more], ansible_connection: local, color: "{{ inventory_hostname }}"}}', '{debug: {msg: "{{ groups.fresh }} {{ ansible_play_hosts | length }}"}, run_once: true}'))}- hosts: fresh\n  gather_facts: false\n  tasks: [{debug: {msg: "{{ color }} {{ group_names }}"}}]\n`;
    const { said, end } = await flow(text);
    expect(said).toEqual(["h1: ['new'] 3", "new: h1 ['fresh', 'more']"]);
    expect(end.stats.new).toMatchObject({ ok: 1 });
  });

  it('group_by groups, refresh_inventory forgets it', async () => {
    const text = all(
      tasks(
        '{group_by: {key: "zone {{ zone }}", parents: zones}}',
        '{debug: {msg: "{{ groups.zones }} {{ groups[\'zone-a\'] }}"}, run_once: true}',
        '{meta: refresh_inventory}',
        '{debug: {msg: "{{ groups.zones | default(0) }}"}, run_once: true}',
      ),
    );
    expect((await flow(text)).said).toEqual(["h1: ['h1', 'h3', 'h2'] ['h1', 'h3']", 'h1: 0']);
  });

  it('delegate_facts gives facts to the host that the work is done on', async () => {
    const text = all(
      tasks(
        '{set_fact: {f: 1}, delegate_to: h2, delegate_facts: true, run_once: true}',
        '{debug: {msg: "{{ f | default(0) }}"}}',
      ),
    );
    expect((await flow(text)).said).toEqual(['h1: 0', 'h2: 1', 'h3: 0']);
  });

  it('clear_facts forgets facts and keeps what set_fact set', async () => {
    const text = `- hosts: h1\n${tasks('{set_fact: {f: 1}}', '{debug: {msg: "{{ ansible_hostname is defined }} {{ f }}"}}', '{meta: clear_facts}', '{debug: {msg: "{{ ansible_hostname is defined }} {{ f }}"}}')}`;
    expect((await flow(text)).said).toEqual(['h1: True 1', 'h1: False 1']);
  });
});

it('loop_control.pause waits between items', async () => {
  const started = performance.now();
  const { lines } = await flow(
    all(tasks('{name: t, debug: , loop: [1, 2, 3], loop_control: {pause: 0.1}, run_once: true}')),
  );
  expect(lines).toHaveLength(4);
  expect(performance.now() - started).toBeGreaterThan(200);
});

it('takes a password for a secret, but not one that is left out', async () => {
  const secrets: string[] = [];
  const vars = '  vars: {a_password: "{{ omit }}", other_password: "hunter{{ 2 }}"}\n';
  const shown = tasks('{debug: {msg: "{{ a_password | length > 0 }} {{ other_password }}"}, run_once: true}');
  const { said } = await flow(all(vars + shown), undefined, { addSecret: (secret) => secrets.push(secret) });
  expect(said).toEqual(['h1: True hunter2']);
  expect(secrets).toEqual(['hunter2']);
});
