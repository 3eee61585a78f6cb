import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { readPlaybook } from '../../src/playbook/playbook.ts';
import { validate } from '../../src/playbook/validate.ts';
import { writeFiles } from './files.ts';

/** `file:line:column code name` of what validation finds. */
async function findings(
  files: Readonly<Record<string, string>>,
  extra: Record<string, unknown> = {},
): Promise<string[]> {
  const directory = writeFiles({ 'hosts.yml': 'all: {hosts: {h1: {}}}\n', ...files });
  const inventory = await loadInventory([join(directory, 'hosts.yml')]);
  const { playbook, diagnostics } = readPlaybook(join(directory, 'site.yml'));
  expect(diagnostics).toEqual([]);
  return validate(inventory, [playbook], { origin: 'extra', vars: extra }).map(({ span, code, message }) => {
    const name = /^"(\w+)"/.exec(message)?.[1];
    const place = `${span?.file.slice(directory.length + 1)}:${span?.line}:${span?.column} ${code}`;
    return name === undefined ? place : `${place} ${name}`;
  });
}

const play = (tasks: string, more = '') => ({ 'site.yml': `- hosts: all\n${more}  tasks:\n${tasks}` });

describe('names', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['undefined', play('    - debug: {msg: "{{ nope }}"}\n'), ['site.yml:3:24 undefined-variable nope']],
    ['guarded by default', play('    - debug: {msg: "{{ nope | default(\'x\') }}"}\n'), []],
    ['guarded by the condition', play('    - debug: {msg: "{{ nope }}"}\n      when: nope is defined\n'), []],
    [
      'guarded by an outer condition',
      play('    - block:\n        - debug: {msg: "{{ nope }}"}\n      when: nope is defined\n'),
      [],
    ],
    ['asked for by assert', play('    - assert: {that: nope is defined}\n    - debug: {msg: "{{ nope }}"}\n'), []],
    [
      'in a condition',
      play('    - ping:\n      when: a is defined and nope\n'),
      ['site.yml:4:30 undefined-variable nope'],
    ],
    [
      'in the second of two conditions',
      play('    - ping:\n      when:\n        - true\n        - nope > 1\n'),
      ['site.yml:6:11 undefined-variable nope'],
    ],
    ['registered anywhere', play('    - debug: {msg: "{{ r }}"}\n    - ping:\n      register: r\n'), []],
    ['set_fact', play('    - set_fact: {f: 1}\n    - debug: {msg: "{{ f }}"}\n'), []],
    [
      'set_fact under a name that a template makes',
      play(
        '    - set_fact: {"port_{{ item }}": 1}\n      loop: [a]\n    - debug: {msg: "{{ port_a }} {{ host_a }}"}\n',
      ),
      ['site.yml:5:37 undefined-variable host_a'],
    ],
    [
      'facts and special variables',
      play('    - debug: {msg: "{{ ansible_os_family }} {{ groups }} {{ inventory_hostname }} {{ omit }}"}\n'),
      [],
    ],
    [
      'a loop variable',
      play('    - debug: {msg: "{{ item }} {{ i }}"}\n      loop: [1]\n      loop_control: {index_var: i}\n'),
      [],
    ],
    ['item without a loop', play('    - debug: {msg: "{{ item }}"}\n'), ['site.yml:3:24 undefined-variable item']],
    ['task vars', play('    - debug: {msg: "{{ v }}"}\n      vars: {v: 1}\n'), []],
    [
      'task vars of another task',
      play('    - ping:\n      vars: {v: 1}\n    - debug: {msg: "{{ v }}"}\n'),
      ['site.yml:5:24 undefined-variable v'],
    ],
    ['play vars', play('    - debug: {msg: "{{ v }}"}\n', '  vars: {v: "{{ w }}", w: 1}\n'), []],
    [
      'a used variable that uses what is not',
      play('    - debug: {msg: "{{ v }}"}\n', '  vars: {v: "{{ w }}"}\n'),
      ['site.yml:2:17 undefined-variable w'],
    ],
    ['a variable that nothing uses', play('    - ping:\n', '  vars: {v: "{{ w }}"}\n'), []],
    [
      'a variable for use in a loop',
      play('    - debug: {msg: "{{ v }}"}\n      loop: [1]\n', '  vars: {v: "{{ item }}"}\n'),
      [],
    ],
    [
      'an expression in an argument',
      play('    - assert: {that: [nope == 1]}\n'),
      ['site.yml:3:23 undefined-variable nope'],
    ],
    ['a debugged variable', play('    - debug: {var: nope}\n'), ['site.yml:3:20 undefined-variable nope']],
    ['free form', play('    - command: ls {{ nope }}\n'), ['site.yml:3:22 undefined-variable nope']],
    ['key=value', play('    - debug: msg="{{ nope }}"\n'), ['site.yml:3:22 undefined-variable nope']],
    ['a keyword of the play', { 'site.yml': '- hosts: "{{ nope }}"\n' }, ['site.yml:1:14 undefined-variable nope']],
    [
      'given to many tasks by a block',
      play('    - block:\n        - ping:\n        - ping:\n      become_user: "{{ nope }}"\n'),
      ['site.yml:4:11 undefined-variable nope'],
    ],
    ['local to a template', play('    - debug: {msg: "{% for x in [1] %}{{ x }}{% endfor %}"}\n'), []],
    [
      'group_vars',
      { ...play('    - debug: {msg: "{{ g }}"}\n'), 'group_vars/all.yml': 'g: "{{ nope }}"\n' },
      ['group_vars/all.yml:1:8 undefined-variable nope'],
    ],
    ['syntax', play('    - debug: {msg: "a {{ 1 + }}"}\n'), ['site.yml:3:30 template-syntax']],
    [
      'syntax of a variable that nothing uses',
      play('    - ping:\n', '  vars: {v: "{{ 1 + }}"}\n'),
      ['site.yml:2:21 template-syntax'],
    ],
    [
      'braces in a condition',
      play('    - ping:\n      when: ansible_a == "{{ b }}" or {{ c }}\n'),
      ['site.yml:4:44 template-syntax'],
    ],
  ])('%s', async (_, files, expected) => {
    expect(await findings(files)).toEqual(expected);
  });

  test('extra variables count', async () => {
    expect(await findings(play('    - debug: {msg: "{{ x }}"}\n'), { x: 1 })).toEqual([]);
  });
});

describe('template files', () => {
  const template = play('    - template: {src: a.j2, dest: /a}\n      loop: [1]\n');

  test('are read where the module looks for them', async () => {
    expect(await findings({ ...template, 'templates/a.j2': '"x"\n{{ item }} {{ nope }}\n' })).toEqual([
      'templates/a.j2:2:15 undefined-variable nope',
    ]);
    expect(await findings({ ...template, 'a.j2': '{% if %}\n' })).toEqual(['a.j2:1:7 template-syntax']);
  });

  test('must exist', async () => {
    expect(await findings(template)).toEqual(['site.yml:3:23 missing-file']);
    expect(await findings(play('    - copy: {src: a, dest: /a}\n'))).toEqual(['site.yml:3:19 missing-file']);
    expect(await findings(play('    - copy: {src: a, dest: /a, remote_src: true}\n'))).toEqual([]);
  });
});

describe('inventory', () => {
  const site = { 'site.yml': '- hosts: all\n' };
  const hosts = (text: string) => findings({ ...site, 'hosts.yml': `all:\n  hosts:\n${text}` });

  test('takes the group redis for one cluster', async () => {
    const group = (h2: string) =>
      `redis:\n  hosts:\n    h1: {redis_cluster_name: orders}\n    h2: {${h2}}\n    h3: {redis_cluster_name: orders}\n`;
    const found = (h2: string) => findings({ ...site, 'hosts.yml': group(h2) });
    expect(await found('redis_cluster_name: orders')).toEqual([]);
    expect(await found('redis_cluster_name: users')).toEqual(['hosts.yml:5:30 two-clusters']);
    expect(await found('')).toEqual(['hosts.yml:5:30 two-clusters']);
    expect(await found('redis_cluster_name: "{{ playbook_dir }}"')).toEqual([]);
  });

  test.each<[string, string, string[]]>([
    ['a wrong port', '    h1: {ansible_port: 70000}\n', ['hosts.yml:3:24 wrong-type']],
    ['a port as text', '    h1: {ansible_port: "22"}\n', []],
    ['an unknown connection', '    h1: {ansible_connection: winrm}\n', ['hosts.yml:3:30 wrong-type']],
    ['templates', '    h1: {ansible_port: "{{ 22 }}", redis_ports: "{{ [1] }}"}\n', []],
    ['nodes apart', '    h1: {redis_ports: [7000, 7001]}\n    h2: {redis_ports: [7000]}\n', []],
    ['one port twice', '    h1: {redis_ports: [7000, 7001, 7000]}\n', ['hosts.yml:3:36 port-collision']],
    ['a bus port in the way', '    h1: {redis_ports: [17000, 7000]}\n', ['hosts.yml:3:31 port-collision']],
    ['no room for the bus', '    h1: {redis_ports: [60000]}\n', ['hosts.yml:3:24 port-collision']],
    ['a bus port of its own', '    h1: {redis_ports: [60000], redis_config: {cluster-port: 1}}\n', []],
    ['no list', '    h1: {redis_ports: 7000}\n', ['hosts.yml:3:23 wrong-type']],
    ['no port', '    h1: {redis_ports: [a]}\n', ['hosts.yml:3:24 wrong-type']],
    [
      'two names of one machine',
      '    h1: {ansible_host: 10.0.0.1, redis_ports: [7000]}\n    h2: {ansible_host: 10.0.0.1, redis_ports: [7000]}\n',
      ['hosts.yml:4:48 port-collision'],
    ],
    [
      'two machines behind one address',
      '    h1: {ansible_host: 10.0.0.1, ansible_port: 2201, redis_ports: [7000]}\n    h2: {ansible_host: 10.0.0.1, ansible_port: 2202, redis_ports: [7000]}\n',
      [],
    ],
    [
      'one address of the nodes',
      '    h1: {redis_address: 10.0.0.1, redis_ports: [7000]}\n    h2: {redis_address: 10.0.0.1, redis_ports: [7000]}\n',
      ['hosts.yml:4:49 port-collision'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await hosts(text)).toEqual(expected);
  });

  test('only hosts that the playbook may touch are judged', async () => {
    const files = {
      'hosts.yml': 'all: {hosts: {h1: {}, w1: {ansible_connection: winrm}}}\n',
      'site.yml': '- hosts: h1\n',
    };
    expect(await findings(files)).toEqual([]);
  });

  test('what a group says wrongly is told once', async () => {
    const files = { ...site, 'hosts.yml': 'all: {vars: {ansible_port: x}, hosts: {h1: {}, h2: {}}}\n' };
    expect(await findings(files)).toEqual(['hosts.yml:1:28 wrong-type']);
  });
});

describe('filters, tests and lookups that are not there', () => {
  test.each([
    ...['url', 'csvfile', 'ini', 'lines', 'inventory_hostnames', 'config'].flatMap((name) =>
      ['lookup', 'query', 'q'].map((call) => [`${call}('${name}', 'x')`, `there is no lookup '${name}'`]),
    ),
    ["lookup('ansible.builtin.url', 'x')", "there is no lookup 'ansible.builtin.url'"],
    ...['to_datetime', 'urlize', 'xmlattr'].map((name) => [`1 | ${name}`, `there is no filter '${name}'`]),
    ['1 is filtered', "there is no test 'filtered'"],
    ["1 | map('urlize')", "there is no filter 'urlize'"],
    ["1 | select('filtered')", "there is no test 'filtered'"],
    ["1 | reject('filtered')", "there is no test 'filtered'"],
    ["1 | selectattr(0, 'filtered')", "there is no test 'filtered'"],
    ["1 | ansible.builtin.rejectattr(0, 'filtered', 1)", "there is no test 'filtered'"],
  ])('%s is refused by name, where it stands', async (expression, message) => {
    const text = `- hosts: all\n  tasks:\n    - ping:\n      when: ${expression}\n    - debug: {msg: "a {{ ${expression} }}"}\n`;
    const directory = writeFiles({ 'hosts.yml': 'all: {hosts: {h1: {}}}\n', 'site.yml': text });
    const { playbook } = readPlaybook(join(directory, 'site.yml'));
    const inventory = await loadInventory([join(directory, 'hosts.yml')]);
    const found = validate(inventory, [playbook], { origin: 'extra', vars: {} });
    const at = expression.search(/'|\w+$/);
    expect(found.map(({ span, code }) => `${span?.line}:${span?.column} ${code}`)).toEqual([
      `4:${13 + at} template-syntax`,
      `5:${26 + at} template-syntax`,
    ]);
    for (const one of found) expect(one.message).toContain(message);
  });

  test('names are not judged that are computed, or are those of attributes', async () => {
    const expressions = [
      '[] | map(a)',
      "[] | select(a, 'filtered')",
      "[] | selectattr('filtered', a)",
      "[] | map(attribute='urlize')",
    ];
    const tasks = expressions.map((one) => `    - debug: {msg: "{{ ${one} }}"}\n`).join('');
    expect(await findings(play(tasks, '  vars: {a: odd}\n'))).toEqual([]);
  });

  test('a lookup whose name is computed is judged when it is used', async () => {
    expect(await findings(play(`    - debug: {msg: "{{ lookup(a, 'x') }}"}\n`, '  vars: {a: url}\n'))).toEqual([]);
  });
});
