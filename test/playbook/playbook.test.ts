import { describe, expect, test } from 'vitest';
import { loadPlaybook } from '../../src/playbook/playbook.ts';
import { keySpanOf, spanOf } from '../../src/source/positions.ts';
import { places, read, readTask, tasksOf, writeFiles } from './files.ts';

describe('module calls', () => {
  test.each([
    ['- command: ls -l chdir=/tmp', 'command', { _raw: 'ls -l', chdir: '/tmp' }],
    ['- shell: |\n    a | b\n    c\n', 'shell', { _raw: 'a | b\nc\n' }],
    ['- ansible.builtin.file: path=/a state=touch', 'file', { path: '/a', state: 'touch' }],
    ['- file: {dest: /a}', 'file', { path: '/a' }],
    ['- action: file path=/a', 'file', { path: '/a' }],
    ['- action: {module: file, path: /a}', 'file', { path: '/a' }],
    ['- action: command ls -l', 'command', { _raw: 'ls -l' }],
    ['- command: ls\n  args: {chdir: /tmp}', 'command', { _raw: 'ls', chdir: '/tmp' }],
    ['- ansible.posix.sysctl: {name: a, value: 1}', 'sysctl', { name: 'a', value: 1 }],
    ['- ping:', 'ping', {}],
    ['- ansible.builtin.systemd_service: name=a', 'systemd', { name: 'a' }],
  ])('%j', (yaml, module, args) => {
    expect(readTask(yaml)).toMatchObject({ module, args });
    expect(Object.keys(readTask(yaml).args).sort()).toEqual(Object.keys(args).sort());
  });

  test('local_action runs on the control machine', () => {
    expect(readTask('- local_action: command ls')).toMatchObject({ module: 'command', delegateTo: 'localhost' });
  });

  test('every argument is found where it stands, in whatever form', () => {
    const place = (args: object, name: string) => {
      const [key, value] = [keySpanOf(args, name), spanOf(args, name)];
      return `${key?.line}:${key?.column} ${value?.line}:${value?.column}`;
    };
    expect(place(readTask('- file: path=/a state=touch').args, 'state')).toBe('3:21 3:27');
    expect(place(readTask('- file: {dest: /a}').args, 'path')).toBe('3:14 3:20');
    expect(place(readTask('- command: ls\n  args: {chdir: /tmp}').args, 'chdir')).toBe('4:14 4:21');
  });
});

describe('keywords', () => {
  test('words become booleans, texts numbers, single values lists', () => {
    const task = readTask(
      '- ping:\n  become: yes\n  retries: "3"\n  tags: a, b\n  until: x is defined\n  no_log: "{{ hide }}"',
    );
    expect(task).toMatchObject({ become: true, retries: 3, tags: ['a', 'b'], noLog: '{{ hide }}' });
    expect(task.until?.expressions).toEqual(['x is defined']);
  });

  test('conditions: a list, a boolean, and the braces that Ansible forgives', () => {
    expect(readTask('- ping:\n  when: [a, b == 1, false]').when[0]?.expressions).toEqual(['a', 'b == 1', false]);
    expect(readTask('- ping:\n  when: "{{ a and b }}"').when[0]?.expressions).toEqual(['a and b']);
  });

  test('loops', () => {
    expect(readTask('- ping:\n  loop: [1]').loop).toMatchObject({ flavour: 'loop', value: [1] });
    const task = readTask(
      '- ping:\n  with_dict: {a: 1}\n  loop_control: {loop_var: pair, extended: yes, label: "{{ pair }}"}',
    );
    expect(task.loop).toMatchObject({ flavour: 'dict', value: { a: 1 } });
    expect(task.loopControl).toEqual({
      loopVar: 'pair',
      indexVar: undefined,
      label: '{{ pair }}',
      pause: undefined,
      extended: true,
    });
  });

  test('what comes from a task is found under its property', () => {
    const task = readTask('- ping:\n  delegate_to: "{{ x }}"');
    expect(spanOf(task, 'delegateTo')).toMatchObject({ line: 4, column: 20 });
  });
});

describe('inheritance', () => {
  const { playbook, diagnostics } = (() => {
    const text = `
- hosts: all
  become: true
  tags: play
  environment: {A: 1}
  no_log: true
  vars: {p: 1}
  module_defaults: {file: {mode: '0700', owner: root}}
  tasks:
    - block:
        - block:
            - file: {path: /a, owner: redis}
              when: three
              tags: [task, outer]
              vars: {t: 1}
              no_log: false
              notify: second
          when: two
          become_user: redis
          module_defaults: {file: {group: redis}}
      when: [one, uno]
      tags: outer
      vars: {b: 1}
      environment: {B: 2}
      notify: first
      rescue:
        - ping:
    - ping:
  handlers:
    - {name: first, ping: {}}
    - {name: other, ping: {}, listen: [second]}
`;
    return read(text);
  })();
  const [inner, rescue, plain] = tasksOf(playbook);

  test('goes into the tasks', () => {
    expect(diagnostics).toEqual([]);
    expect(inner).toMatchObject({
      become: true,
      becomeUser: 'redis',
      noLog: false,
      tags: ['play', 'outer', 'task'],
      environment: [{ A: 1 }, { B: 2 }],
      notify: ['first', 'second'],
      args: { path: '/a', owner: 'redis', group: 'redis' },
    });
    expect(inner?.when.map(({ expressions }) => expressions)).toEqual([['one', 'uno'], ['two'], ['three']]);
    expect(inner?.vars.map(({ vars }) => vars)).toEqual([{ b: 1 }, { t: 1 }]);
  });

  test('reaches rescue, and ends with the block', () => {
    expect(rescue).toMatchObject({ tags: ['play', 'outer'], noLog: true });
    expect(rescue?.when).toHaveLength(1);
    expect(plain).toMatchObject({ tags: ['play'], when: [], notify: [] });
    expect(plain?.becomeUser).toBeUndefined();
  });

  test("the nearer module_defaults replace a module's argument by argument", () => {
    expect(inner?.args).toHaveProperty('mode', '0700');
  });
});

describe('imports', () => {
  test('tasks stand in the place of the import and inherit from it', () => {
    const { playbook, diagnostics } = read(
      '- hosts: all\n  tasks:\n    - import_tasks: tasks/a.yml\n      when: x\n      tags: t\n      vars: {v: 1}\n',
      { 'tasks/a.yml': '- ping:\n  when: y\n- import_tasks: b.yml\n', 'tasks/b.yml': '- debug: msg=hi\n' },
    );
    expect(diagnostics).toEqual([]);
    const [first, second] = tasksOf(playbook);
    expect(first?.when.flatMap(({ expressions }) => expressions)).toEqual(['x', 'y']);
    expect(second).toMatchObject({ module: 'debug', tags: ['t'] });
    expect(second?.vars.map(({ vars }) => vars)).toEqual([{ v: 1 }]);
  });

  test('playbooks: conditions and tags go to all tasks, variables above those of the play', () => {
    const { playbook, diagnostics } = read(
      '- import_playbook: other.yml\n  when: x\n  tags: t\n  vars: {v: 2}\n- hosts: b\n',
      {
        'other.yml': '- hosts: a\n  vars: {v: 1}\n  tasks:\n    - ping:\n',
      },
    );
    expect(diagnostics).toEqual([]);
    expect(playbook.plays.map(({ hosts }) => hosts)).toEqual(['a', 'b']);
    expect(playbook.plays[0]?.vars.map(({ vars }) => vars)).toEqual([{ v: 1 }, { v: 2 }]);
    expect(tasksOf(playbook)[0]).toMatchObject({ tags: ['t'], when: [{ expressions: ['x'] }] });
  });

  test('a file that imports itself is an error, not an endless load', () => {
    const { diagnostics } = read('- hosts: all\n  tasks:\n    - import_tasks: a.yml\n', {
      'a.yml': '- import_tasks: a.yml\n',
    });
    expect(places(diagnostics)).toEqual(['1:17 import-cycle']);
  });

  test('vars_files stand above vars', () => {
    const { playbook, diagnostics } = read('- hosts: all\n  vars: {a: 1}\n  vars_files: [v.yml, empty.yml]\n', {
      'v.yml': 'a: 2\n',
      'empty.yml': '---\n',
    });
    expect(diagnostics).toEqual([]);
    const [play] = playbook.plays;
    expect([play?.vars.map(({ vars }) => vars), play?.varsFiles.map((file) => file.load([])?.vars)]).toEqual([
      [{ a: 1 }],
      [{ a: 2 }, undefined],
    ]);
  });
});

test.each<[string, string[]]>([
  ['- hosts: all\n  strategy: debug\n', ['2:13 wrong-value']],
  ['- hosts: all\n  batch_by: colour\n', ['2:13 wrong-value']],
  ['- hosts: all\n  run_once: plays\n', ['2:13 wrong-value']],
  ['- hosts: all\n  connection: winrm\n', ['2:15 wrong-value']],
  ['- hosts: all\n  become_method: runas\n', ['2:18 wrong-value']],
  ['- hosts: all\n  connection: "{{ how }}"\n', []],
  ['- hosts: all\n  vars_prompt: [{prompt: a}]\n', ['2:17 missing-keyword']],
  ['- hosts: all\n  vars_prompt: [{name: a, encrypt: rot13}]\n', ['2:36 wrong-value']],
  ['- tasks: []\n', ['1:3 missing-keyword']],
  ['- hosts: all\n  serial: [1, a]\n', ['2:15 wrong-value']],
  ['- hosts: all\n  tasks: {a: 1}\n', ['2:10 wrong-type']],
  ['- hosts: all\n  tasks:\n    - async: 5\n      poll: 0\n      ping:\n', ['4:13 not-supported']],
  ['- hosts: all\n  tasks:\n    - async: 5\n      poll: 0\n      command: a creates=b\n', ['4:13 not-supported']],
  ['- hosts: all\n  tasks:\n    - {async: 5, poll: 0, command: a}\n    - {async: 0, poll: 0, ping: }\n', []],
  [
    '- hosts: all\n  tasks:\n    - apk: update_cache=yes\n    - dnf: update_cache=yes\n    - yum: update_cache=yes\n',
    [],
  ],
  ['- hosts: all\n  tasks:\n    - dnf: state=latest\n', ['3:7 missing-argument']],
  ['- hosts: all\n  tasks:\n    - {synchronize: {src: a, dest: b}, delegate_to: localhost}\n', []],
  ['- hosts: all\n  tasks:\n    - local_action: synchronize src=a dest=b\n', []],
  ['- hosts: all\n  tasks:\n    - synchronize: src=a dest=b\n      delegate_to: h2\n', ['4:20 not-supported']],
  [
    '- hosts: all\n  tasks:\n    - delegate_to: "{{ h }}"\n      block: [synchronize: {src: a, dest: b}]\n',
    ['4:15 not-supported'],
  ],
  ['- hosts: all\n  tasks:\n    - ansible.builtin.pip: name=a\n', ['3:7 not-supported-yet']],
  ['- hosts: all\n  tasks:\n    - pacman: {name: a}\n', ['3:7 not-supported-yet']],
  ['- hosts: all\n  tasks:\n    - action: pip name=a\n', ['3:15 not-supported-yet']],
  ['- hosts: all\n  tasks:\n    - ping:\n      debug: msg=x\n', ['4:7 two-modules']],
  ['- hosts: all\n  tasks:\n    - name: x\n', ['3:7 no-module']],
  ['- hosts: all\n  tasks:\n    - ping:\n      when:\n', []],
  ['- hosts: all\n  tasks:\n    - rescue: []\n', ['3:7 missing-keyword']],
  ['- hosts: all\n  tasks:\n    - meta: flush_handler\n', ['3:13 wrong-value']],
  ['- hosts: all\n  tasks:\n    - meta: noop\n      loop: [1]\n', ['4:7 unknown-keyword']],
  ['- hosts: all\n  tasks:\n    - ping:\n      loop: [1]\n      with_items: [2]\n', ['5:7 two-loops']],
  ['- hosts: all\n  tasks:\n    - ping:\n      loop: abc\n', ['4:13 wrong-type']],
  ['- hosts: all\n  tasks:\n    - ping:\n      loop_control: {loopvar: x}\n', ['4:22 unknown-keyword']],
  ['- hosts: all\n  tasks:\n    - ping:\n      loop_control: {pause: soon}\n', ['4:29 wrong-type']],
  ['- hosts: all\n  vars: {a-b: 1}\n', ['2:10 wrong-name']],
  ['- hosts: all\n  tasks:\n    - set_fact: {1a: 2}\n', ['3:18 wrong-name']],
  ['- hosts: all\n  handlers:\n    - block: []\n', ['3:7 not-supported']],
  ['- hosts: all\n  vars_files: [{a: 1}]\n', ['2:16 wrong-type']],
  ['- hosts: all\n  vars_files: [[a.yml, b.yml]]\n', ['2:16 missing-file']],
  ['- hosts: all\n  tasks:\n    - import_tasks: "{{ ansible_system }}.yml"\n', ['3:21 not-known-yet']],
  ['- hosts: all\n  roles: ["{{ nowhere }}"]\n', ['2:11 not-known-yet']],
  ['- import_playbook: "{{ nowhere }}.yml"\n', ['1:20 not-known-yet']],
  ['- hosts: all\n  vars_files: a.yml\n', ['2:15 missing-file']],
  ['- import_playbook: a.yml\n', ['1:20 missing-file']],
  ['hosts: all\n', ['1:1 wrong-type']],
  ['', ['1:1 wrong-type']],
  ['- hosts: all\n---\n- hosts: b\n', ['3:1 two-documents']],
  ['- hosts: all\n  tasks:\n    - ping:\n      notify: "{{ x }}"\n', []],
  ['- hosts: all\n  collections: [ansible.posix]\n', []],
])('%j', (text, expected) => {
  expect(places(read(text).diagnostics)).toEqual(expected);
});

describe('what is not here, in a task that may be skipped', () => {
  const severities = (task: string, beside = {}) =>
    read(`- hosts: all\n  tasks:\n    - ${task}\n`, beside).diagnostics.map(
      ({ code, severity }) => `${severity} ${code}`,
    );

  test('is a warning with its place, and a task that fails where it is not skipped', () => {
    expect(severities('{pacman: {name: a}, when: x}')).toEqual(['warning not-supported-yet']);
    expect(severities('{block: [{pacman: {name: a}}], when: x}')).toEqual(['warning not-supported-yet']);
    expect(severities('{template: {src: a, dest: /a, unsafe_writes: true}, when: x}')).toEqual([
      'warning unsupported-argument',
    ]);
    expect(severities('{include_tasks: a.yml, when: x}', { 'a.yml': '- pacman: name=a\n' })).toEqual([
      'warning not-supported-yet',
    ]);
    expect(severities('{amazon.aws.ec2_key: {name: a}, when: x}')).toEqual(['warning not-supported-yet']);
    // What the argument would have said is not missed besides.
    expect(severities('{apt: {deb: a.deb}, when: x}')).toEqual(['warning unsupported-argument']);
    const { playbook } = read('- hosts: all\n  tasks:\n    - {pacman: {name: a}, when: x}\n');
    expect(tasksOf(playbook)[0]).toMatchObject({ module: 'pacman', args: {} });
  });

  test('stays a mistake where nothing is skipped, and so does a word that is nothing of Ansible’s', () => {
    expect(severities('{pacman: {name: a}}')).toEqual(['error not-supported-yet']);
    expect(severities('{include_tasks: a.yml}', { 'a.yml': '- pacman: name=a\n' })).toEqual([
      'error not-supported-yet',
    ]);
    expect(severities('{template: {src: a, dest: /a, unsafe_writes: true}}')).toEqual(['error unsupported-argument']);
    expect(severities('{pacmann: {name: a}, when: x}')).toEqual(['error unknown-module']);
    expect(severities('{amazon.aws.ec2_key: {name: a}}')).toEqual(['error unknown-module']);
    expect(severities('{ansible.builtin.coppy: {src: a}, when: x}')).toEqual(['error unknown-module']);
    expect(severities('{copy: {content: a, dest: /a, mod: 1}, when: x}')).toEqual(['error unknown-argument']);
  });
});

test('loadPlaybook throws all findings', async () => {
  const directory = writeFiles({ 'site.yml': '- host: all\n- becom: yes\n  hosts: all\n' });
  await expect(loadPlaybook(`${directory}/site.yml`)).rejects.toMatchObject({ diagnostics: [{}, {}] });
  await expect(loadPlaybook(`${directory}/none.yml`)).rejects.toMatchObject({
    diagnostics: [{ code: 'unreadable-file' }],
  });
});
