import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors/errors.ts';
import { type Include, type Task, taskOfHandler } from '../../src/playbook/contract.ts';
import { loadInput } from '../../src/playbook/load-input.ts';
import { includesOf } from '../../src/playbook/sites.ts';
import { places, read, tasksOf, writeFiles } from './files.ts';

const play = (rest: string) => `- hosts: all\n  gather_facts: false\n${rest}`;

/** What validation says of a playbook with files beside it, as `file:line:column code`. */
async function mistakes(text: string, beside: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = writeFiles({ 'site.yml': text, ...beside });
  const diagnostics = await loadInput(['h1,'], [`${directory}/site.yml`], { origin: 'extra', vars: {} }).then(
    ({ warnings }) => warnings,
    (error: unknown) => {
      if (error instanceof InputError) return error.diagnostics;
      throw error;
    },
  );
  return diagnostics.map(
    ({ span, code }) => `${span?.file.slice(directory.length + 1)}:${span?.line}:${span?.column} ${code}`,
  );
}

const layersOf = (task: Task | undefined) => ({
  defaults: task?.role?.defaults.map(({ vars }) => vars),
  vars: task?.role?.vars.map(({ vars }) => vars),
  params: task?.role?.params.map(({ vars }) => vars),
});

describe('roles', () => {
  test('bring tasks behind those of what they depend on, with the keywords and variables of the mention', () => {
    const { playbook, diagnostics } = read(
      play(
        '  tags: p\n  roles:\n    - {role: web, tags: w, when: x, become: true, web_port: 80, vars: {v: 1}}\n  tasks: [{ping: }]\n',
      ),
      {
        'roles/web/tasks/main.yml': '- ping:\n  tags: t\n',
        'roles/web/defaults/main.yml': 'd: web\n',
        'roles/web/vars/main.yml': 'v: 2\n',
        'roles/web/meta/main.yml': 'dependencies: [{role: base, tags: b, level: 1}]\n',
        'roles/base/tasks/main.yaml': '- debug:\n',
        'roles/base/defaults/main.yml': 'd: base\n',
        'roles/base/vars/main/one.yml': 'o: 1\n',
      },
    );
    expect(diagnostics).toEqual([]);
    const [base, web, own] = tasksOf(playbook);
    expect([base, web, own].map((task) => task?.role?.name)).toEqual(['base', 'web', undefined]);
    expect(base).toMatchObject({
      module: 'debug',
      tags: ['p', 'w', 'b'],
      become: true,
      when: [{ expressions: ['x'] }],
    });
    expect(web?.tags).toEqual(['p', 'w', 't']);
    expect(layersOf(web)).toEqual({
      defaults: [{ d: 'base' }, { d: 'web' }],
      vars: [{ o: 1 }, { v: 1 }, { v: 2 }],
      params: [{ web_port: 80 }],
    });
    expect(layersOf(base)).toEqual({
      defaults: [{ d: 'web' }, { d: 'base' }],
      vars: [{ v: 1 }, { v: 2 }, { o: 1 }],
      params: [{ web_port: 80 }, { level: 1 }],
    });
    expect(playbook.plays[0]?.exposed.defaults.map(({ vars }) => vars)).toEqual([{ d: 'base' }, { d: 'web' }]);
  });

  test('handlers come before those of the play, and may be named with their role', () => {
    const files = {
      'roles/a/tasks/main.yml': '- ping:\n  notify: [go, "a : go"]\n',
      'roles/a/handlers/main.yml': '- {name: go, ping: }\n',
    };
    const { playbook, diagnostics } = read(play('  roles: [a]\n  handlers: [{name: last, ping: }]\n'), files);
    expect(diagnostics).toEqual([]);
    expect(playbook.plays[0]?.handlers.map((one) => taskOfHandler(one).name)).toEqual(['go', 'last']);
    expect(places(read(play('  roles: [a]\n  tasks: [{ping: , notify: "b : go"}]\n'), files).diagnostics)).toEqual([
      '4:28 unknown-handler',
    ]);
  });

  test('are found beside the playbook, in roles/, beside the role that names them, and by path', () => {
    const tasks = { 'roles/a/tasks/main.yml': '- import_role: {name: b}\n', 'elsewhere/c/tasks/main.yml': '- ping:\n' };
    const { diagnostics, playbook } = read(play('  roles: [a, ./elsewhere/c, d]\n'), {
      ...tasks,
      'roles/b/tasks/main.yml': '- ping:\n',
      'd/tasks/main.yml': '- ping:\n',
    });
    expect(diagnostics).toEqual([]);
    expect(tasksOf(playbook).map(({ role }) => role?.name)).toEqual(['b', 'c', 'd']);
  });

  test.each<[string, string, Record<string, string>, string[]]>([
    [
      'a role that is not there',
      '  roles: [redi]\n',
      { 'roles/redis/tasks/main.yml': '' },
      ['site.yml:3:11 missing-role'],
    ],
    ['a role without name', '  roles: [{tags: x}]\n', {}, ['site.yml:3:11 missing-keyword']],
    [
      'roles that need each other',
      '  roles: [a]\n',
      { 'roles/a/meta/main.yml': 'dependencies: [b]\n', 'roles/b/meta/main.yml': 'dependencies: [a]\n' },
      ['roles/b/meta/main.yml:1:16 role-cycle'],
    ],
    [
      'an unknown keyword inside',
      '  roles: [a]\n',
      { 'roles/a/tasks/main.yml': '- ping:\n  whn: x\n' },
      ['roles/a/tasks/main.yml:2:3 unknown-keyword'],
    ],
    [
      'an unknown argument in its handlers',
      '  roles: [a]\n',
      { 'roles/a/handlers/main.yml': '- name: x\n  file: {pth: /a}\n' },
      ['roles/a/handlers/main.yml:2:10 unknown-argument'],
    ],
    [
      'an undefined name',
      '  roles: [a]\n',
      {
        'roles/a/tasks/main.yml': '- debug: {msg: "{{ redis_prt }}"}\n',
        'roles/a/defaults/main.yml': 'redis_port: 1\n',
      },
      ['roles/a/tasks/main.yml:1:20 undefined-variable'],
    ],
    [
      'an undefined name in its template',
      '  roles: [a]\n',
      { 'roles/a/tasks/main.yml': '- template: {src: a.j2, dest: /a}\n', 'roles/a/templates/a.j2': 'x\n{{ nope }}\n' },
      ['roles/a/templates/a.j2:2:4 undefined-variable'],
    ],
    [
      'a file that is in none of its folders',
      '  roles: [a]\n',
      { 'roles/a/tasks/main.yml': '- copy: {src: a, dest: /a}\n' },
      ['roles/a/tasks/main.yml:1:15 missing-file'],
    ],
    [
      'variables that are no map',
      '  roles: [a]\n',
      { 'roles/a/vars/main.yml': '- a\n' },
      ['roles/a/vars/main.yml:1:1 wrong-type'],
    ],
    ['a name that is known in the run only', '  roles: ["{{ a }}"]\n', {}, ['site.yml:3:11 not-known-yet']],
    [
      'tasks_from that is not there',
      '  tasks: [{import_role: {name: a, tasks_from: b}}]\n',
      { 'roles/a/tasks/main.yml': '' },
      ['site.yml:3:32 missing-file'],
    ],
    [
      'public on an import',
      '  tasks: [{import_role: {name: a, public: true}}]\n',
      { 'roles/a/tasks/main.yml': '' },
      ['site.yml:3:35 unknown-argument'],
    ],
    [
      'a loop on an import',
      '  tasks: [{import_role: {name: a}, loop: [1]}]\n',
      { 'roles/a/tasks/main.yml': '' },
      ['site.yml:3:36 import-loop'],
    ],
    [
      'argument specifications that are no map',
      '  roles: [a]\n',
      { 'roles/a/tasks/main.yml': '', 'roles/a/meta/argument_specs.yml': 'argument_specs: {main: [1]}\n' },
      ['roles/a/meta/argument_specs.yml:1:24 wrong-type'],
    ],
    [
      'a keyword with a slip of the pen',
      '  roles: [{role: a, tag: x}]\n',
      { 'roles/a/tasks/main.yml': '' },
      ['site.yml:3:21 role-parameter'],
    ],
  ])('%s is found before the run', async (_what, text, files, expected) => {
    expect(await mistakes(play(text), files)).toEqual(expected);
  });

  test("a role's defaults, registers and facts are known to the whole play", async () => {
    const text = play('  roles: [a]\n  tasks: [{debug: {msg: "{{ d }} {{ r }} {{ f }}"}}]\n');
    const files = {
      'roles/a/tasks/main.yml': '- {ping: , register: r}\n- set_fact: {f: 1}\n',
      'roles/a/defaults/main.yml': 'd: 1\n',
    };
    expect(await mistakes(text, files)).toEqual([]);
  });
});

describe('includes', () => {
  const includes = (text: string, files: Record<string, string>): Include[] => {
    const { playbook, diagnostics } = read(play(text), files);
    expect(diagnostics).toEqual([]);
    return playbook.plays.flatMap((one) => [...includesOf(one)]);
  };

  test('keep conditions and tags for themselves; apply, variables and the item go to what is included', () => {
    const text =
      '  tags: p\n  tasks:\n    - include_tasks: {file: a.yml, apply: {tags: x, become: true}}\n      tags: i\n      when: c\n      vars: {v: "{{ 1 }}"}\n      loop: [1]\n';
    const [include] = includes(text, { 'a.yml': '- ping:\n' });
    expect(include?.task).toMatchObject({ module: 'include_tasks', tags: ['p', 'i'], when: [{ expressions: ['c'] }] });
    const [task] = (include?.load({ file: 'a.yml' }, { item: '{{ evil }}' }).entries ?? []) as Task[];
    expect(task).toMatchObject({ tags: ['p', 'x'], become: true, when: [] });
    expect(task?.params).toMatchObject([{ vars: { v: '{{ 1 }}' } }, { vars: { item: '{{ evil }}' }, isData: true }]);
  });

  test('a literal name is read before the run, a template when its turn comes', async () => {
    const [literal, template] = includes(
      '  tasks:\n    - include_tasks: a.yml\n    - include_tasks: "{{ x }}.yml"\n      vars: {x: a}\n',
      { 'a.yml': '- ping:\n' },
    );
    expect(literal?.foreseen?.entries).toHaveLength(1);
    expect([template?.foreseen, template?.candidates.map((file) => file.split('/').at(-1))]).toEqual([
      undefined,
      ['a.yml', 'site.yml'],
    ]);
    expect(
      await mistakes(play('  tasks: [{include_tasks: a.yml}]\n'), { 'a.yml': '- debug: {msg: "{{ nope }}"}\n' }),
    ).toEqual(['a.yml:1:20 undefined-variable']);
    expect(await mistakes(play('  tasks: [{include_tasks: b.yml}]\n'), {})).toEqual(['site.yml:3:27 missing-file']);
  });

  test('names that a file may define whose name is a template are not called undefined', async () => {
    const tasks =
      '  tasks:\n    - include_vars: "{{ ansible_os_family }}.yml"\n    - include_tasks: "{{ ansible_os_family }}/main.yml"\n    - debug: {msg: "{{ from_vars }} {{ from_tasks }}"}\n';
    const files = { 'vars/Debian.yml': 'from_vars: 1\n', 'Debian/main.yml': '- {ping: , register: from_tasks}\n' };
    expect(await mistakes(play(tasks), files)).toEqual([]);
    expect(await mistakes(play(tasks), { 'vars/Debian.yml': 'x: 1\n' })).toEqual([
      'site.yml:6:24 undefined-variable',
      'site.yml:6:40 undefined-variable',
    ]);
  });

  test('a file may include itself', () => {
    const [first, second] = includes('  tasks: [{include_tasks: a.yml}]\n', {
      'a.yml': '- include_tasks: a.yml\n  when: false\n',
    });
    expect([first?.foreseen !== undefined, second?.foreseen]).toEqual([true, undefined]);
  });

  test('what is wrong with a file that is read during the run has its place', () => {
    const [include] = includes('  tasks: [{include_tasks: "{{ x }}", vars: {x: 1}}]\n', { 'a.yml': '- pong:\n' });
    expect(() => include?.load({ file: 'a.yml' }, {})).toThrow(/unknown module "pong"/);
    expect(() => include?.load({ file: 'none.yml' }, {})).toThrow(/there is no file none.yml/);
  });

  test.each<[string, string[]]>([
    ['{include_tasks: a.yml, become: true}', ['3:34 unknown-keyword']],
    ['{include_tasks: {file: a.yml, aply: {}}}', ['3:41 unknown-argument']],
    ['{include_role: {tasks_from: x}}', ['3:12 missing-argument']],
    ['{include_tasks: {file: a.yml, apply: {tag: x}}}', ['3:49 unknown-keyword']],
  ])('%s', (task, expected) => {
    expect(places(read(play(`  tasks: [${task}]\n`), { 'a.yml': '- ping:\n' }).diagnostics)).toEqual(expected);
  });
});
