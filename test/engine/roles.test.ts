import { describe, expect, it } from 'vitest';
import { flow, stepsOf } from './flow.ts';

const say = (text: string) => `- debug: {msg: "${text}"}\n`;
const head = '- hosts: h1\n  gather_facts: false\n';

describe('roles', () => {
  it('are searched for variables level by level', async () => {
    const files = {
      'roles/a/tasks/main.yml': say('{{ x }} {{ d }} {{ role_name }} {{ role_path | basename }}'),
      'roles/a/defaults/main.yml': 'd: default of a\nx: default\n',
      'roles/a/vars/main.yml': 'x: vars of a\n',
      'roles/b/tasks/main.yml': say("{{ x | default('none') }} {{ d }}"),
      'roles/b/defaults/main.yml': 'd: default of b\n',
    };
    const { said } = await flow(
      `${head}  roles: [a, b, {role: a, x: param}]\n  tasks:\n    ${say('{{ d }} {{ x }}')}`,
      files,
    );
    expect(said).toEqual([
      'h1: vars of a default of a a a',
      'h1: vars of a default of b',
      'h1: param default of a a a',
      // Behind the roles the last one's defaults are seen.
      'h1: default of a vars of a',
    ]);
  });

  it('run once for equal mentions, again for others and where they allow it', async () => {
    const files = {
      'roles/once/tasks/main.yml': say('once {{ p | default(0) }}'),
      'roles/often/tasks/main.yml': say('often'),
      'roles/often/meta/main.yml': 'allow_duplicates: true\n',
      'roles/needs/meta/main.yml': 'dependencies: [once]\n',
      'roles/needs/tasks/main.yml': say('needs'),
    };
    const { said } = await flow(`${head}  roles: [once, needs, once, {role: once, p: 1}, often, often]\n`, files);
    expect(said).toEqual(['h1: once 0', 'h1: needs', 'h1: once 1', 'h1: often', 'h1: often']);
  });

  it('a run that was skipped is none', async () => {
    const files = { 'roles/a/tasks/main.yml': '- debug: {msg: "{{ go }}"}\n  when: go | default(false)\n' };
    const { said } = await flow(
      `${head}  roles: [a]\n  tasks: [{set_fact: {go: true}}, {import_role: {name: a, allow_duplicates: false}}]\n`,
      files,
    );
    expect(said).toEqual(['h1: true']);
  });

  it('bring handlers that answer to their name, to it behind the role’s, and to names that are templates', async () => {
    const files = {
      'roles/a/tasks/main.yml':
        '- {debug: {msg: x}, changed_when: true, notify: ["restart {{ service }}", "a : reload"]}\n',
      'roles/a/vars/main.yml': 'service: redis\n',
      'roles/a/handlers/main.yml':
        '- {name: "restart {{ service }}", debug: {msg: restarted}}\n- {name: reload, debug: {msg: of the role}}\n',
    };
    const text = `${head}  roles: [a]\n  handlers: [{name: reload, debug: {msg: of the play}}]\n  tasks: [{debug: {msg: y}, changed_when: true, notify: reload}]\n`;
    const { said } = await flow(text, files);
    expect(said).toEqual(['h1: x', 'h1: y', 'h1: restarted', 'h1: of the role', 'h1: of the play']);
  });

  it('find their files and templates in their own folders, whatever lies beside the playbook', async () => {
    const files = {
      'roles/a/tasks/main.yml': say("{{ lookup('file', 'f') }} {{ lookup('template', 't.j2') }}"),
      'roles/a/files/f': 'own file',
      'roles/a/templates/t.j2': 'own {{ role_name }}',
      'files/f': 'other',
      'templates/t.j2': 'other',
    };
    expect((await flow(`${head}  roles: [a]\n`, files)).said).toEqual(['h1: own file own a']);
  });

  it('include_role takes files by name, applies keywords, and keeps its variables unless public', async () => {
    const files = {
      'roles/a/tasks/setup.yml': say('{{ v }} {{ d }} {{ given }}'),
      'roles/a/vars/other.yml': 'v: other vars\n',
      'roles/a/defaults/main.yml': 'd: default\n',
      'roles/a/handlers/extra.yml': '- {name: told, debug: {msg: told}}\n',
    };
    const include = (more: string) =>
      `    - include_role: {name: a, tasks_from: setup, vars_from: other.yml, handlers_from: extra${more}}\n      vars: {given: mine}\n`;
    const rest = `    - debug: {msg: "{{ d | default('unseen') }}"}\n      changed_when: true\n      notify: told\n`;
    expect((await flow(`${head}  tasks:\n${include('')}${rest}`, files)).said).toEqual([
      'h1: other vars default mine',
      'h1: unseen',
      'h1: told',
    ]);
    expect((await flow(`${head}  tasks:\n${include(', public: true')}${rest}`, files)).said).toEqual([
      'h1: other vars default mine',
      'h1: default',
      'h1: told',
    ]);
    const tagged = `${head}  tasks:\n${include(', apply: {tags: inside}').replace(/$/m, '\n      tags: outside')}`;
    expect((await flow(tagged, files, { tags: ['outside'] })).said).toEqual([]);
    expect((await flow(tagged, files, { tags: ['outside', 'inside'] })).said).toHaveLength(1);
  });

  it('a role within a role knows the one around it and its variables', async () => {
    const files = {
      'roles/outer/tasks/main.yml': '- include_role: {name: inner}\n',
      'roles/outer/vars/main.yml': 'o: of outer\n',
      'roles/inner/tasks/main.yml': say('{{ o }} {{ ansible_parent_role_names }}'),
    };
    const { said, exit } = await flow(`${head}  roles: [{role: outer, p: 1}]\n`, files);
    expect([exit, said]).toEqual([0, ["h1: of outer ['outer']"]]);
  });

  it('--start-at-task finds a task in a role, by its own name, with the role’s, or by a pattern', async () => {
    const files = { 'roles/a/tasks/main.yml': '- {name: one, debug: {msg: 1}}\n- {name: two, debug: {msg: 2}}\n' };
    for (const startAtTask of ['two', 'a : two', 't*'])
      expect(stepsOf(await flow(`${head}  roles: [a]\n`, files, { startAtTask }))).toEqual(['a : two @ h1']);
    const { events, exit } = await flow(`${head}  roles: [a]\n`, files, { startAtTask: 'three' });
    expect(exit).toBe(0);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'warning', message: expect.stringContaining("no task is called 'three'") }),
    );
  });
});

describe('include_tasks', () => {
  it('is asked host by host and item by item, and those of one mind go together', async () => {
    const files = { 'a.yml': say('{{ item }} {{ who }} {{ index }}'), 'b.yml': say('b') };
    const text = `- hosts: web\n  gather_facts: false\n  tasks:\n    - include_tasks: "{{ item }}.yml"\n      loop: "{{ ['a', 'b'] if zone == 'a' else ['a'] }}"\n      loop_control: {index_var: index}\n      vars: {who: "{{ inventory_hostname }}"}\n`;
    const played = await flow(text, files);
    expect(stepsOf(played)).toEqual(['include_tasks @ h1 h2 h3', 'debug @ h1 h2 h3', 'debug @ h1 h3']);
    expect(played.said).toEqual(['h1: a h1 0', 'h2: a h2 0', 'h3: a h3 0', 'h1: b', 'h3: b']);
    expect(played.end.stats.h1).toMatchObject({ ok: 4, failed: 0 });
  });

  it('fails the hosts that include what cannot be read, and rescue takes it', async () => {
    const text = `- hosts: web\n  gather_facts: false\n  tasks:\n    - block:\n        - include_tasks: "{{ 'none' if zone == 'b' else 'a' }}.yml"\n      rescue:\n        - debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg is search('none.yml') }}"}\n`;
    const { said, exit } = await flow(text, { 'a.yml': say('a') });
    expect([exit, said]).toEqual([0, ['h1: a', 'h3: a', 'h2: include_tasks True']]);
  });

  it('never renders an item that came from elsewhere', async () => {
    const text = `${head}  tasks:\n    - set_fact: {found: "{{ ['{', '{ 7 * 7 }', '}'] | join }}"}\n    - include_tasks: a.yml\n      loop: ["{{ found }}"]\n`;
    expect((await flow(text, { 'a.yml': say('{{ item }}') })).said).toEqual(['h1: {{ 7 * 7 }}']);
  });

  it('may include itself until its condition ends it', async () => {
    const files = {
      'a.yml': `${say('{{ n }}')}- include_tasks: a.yml\n  vars: {n: "{{ m | int - 1 }}", m: "{{ n }}"}\n  when: false\n`,
    };
    expect((await flow(`${head}  tasks: [{include_tasks: a.yml, vars: {n: 2}}]\n`, files)).said).toEqual(['h1: 2']);
  });

  it('variables of the include win over facts, and end with it', async () => {
    const files = { 'a.yml': say('{{ x }}') };
    const text = `${head}  tasks:\n    - set_fact: {x: fact}\n    - include_tasks: a.yml\n      vars: {x: param}\n    - debug: {msg: "{{ x }}"}\n      vars: {x: task}\n`;
    expect((await flow(text, files)).said).toEqual(['h1: param', 'h1: fact']);
  });
});
