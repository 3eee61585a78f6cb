import { describe, expect, it } from 'vitest';
import { loadPlaybook } from '../../src/playbook/playbook.ts';
import { flow } from './flow.ts';
import { directoryWith } from './play.ts';

const role = { 'roles/r/tasks/main.yml': '- {name: inside, debug: {msg: x}}\n' };
const places: Readonly<Record<string, (keywords: string) => string>> = {
  play: (keywords) => `  ${keywords}\n  tasks: [{debug: {msg: x}}]\n`,
  task: (keywords) => `  tasks: [{debug: {msg: x}, ${keywords}}]\n`,
  block: (keywords) => `  tasks: [{${keywords}, block: [{debug: {msg: x}}]}]\n`,
  role: (keywords) => `  roles: [{role: r, ${keywords}}]\n`,
};
const playOf = (place: string, keywords: string) =>
  `- hosts: web\n  gather_facts: false\n${places[place]?.(keywords) ?? ''}`;

describe.each(Object.keys(places))('a keyword of a %s', (place) => {
  it('reaches the task from there: become_method and diff', async () => {
    const list = [
      'become_method: su',
      'become_exe: sudo su',
      'become_flags: -l',
      'diff: false',
      'connection: local',
      'remote_user: ops',
      'port: 2222',
    ];
    const keywords = list.join(place === 'play' ? '\n  ' : ', ');
    const dir = directoryWith({ ...role, 'play.yml': playOf(place, keywords) });
    const { plays } = await loadPlaybook(`${dir}/play.yml`);
    const text = JSON.stringify(plays);
    expect(text).toContain('"becomeMethod":"su"');
    const [play] = plays;
    const task = JSON.stringify([play?.preTasks, play?.tasks, play?.handlers]);
    expect(task).toMatch(/"diff":false/);
    expect(task).toMatch(/"connection":"local"/);
    expect(task).toMatch(/"remoteUser":"ops"/);
    expect(task).toMatch(/"port":2222/);
    expect(task).toMatch(/"becomeMethod":"su"/);
    expect(task).toMatch(/"becomeExe":"sudo su"/);
    expect(task).toMatch(/"becomeFlags":"-l"/);
  });
});

it.each([
  ['become_exe: /of-a-keyword/sudo', '', /\/of-a-keyword\/sudo/],
  ['become_exe: "/of-{{ inventory_hostname }}/sudo"', '', /\/of-h1\/sudo/],
  ['become_exe: /of-a-keyword/sudo', 'ansible_become_exe: /of-a-variable/sudo', /\/of-a-variable\/sudo/],
  ['become_flags: -i', '', /become_flags: '-i' of sudo is not supported/],
  ['become_flags: -H --login', '', /become_flags: '--login' of sudo/],
  ['become_flags: -i', 'ansible_become_flags: -u $x', /become_flags: '\$x' cannot be passed on/],
  ["become_exe: sh -c 'a b'", '', /become_exe: 'a b' cannot be passed on/],
])('%s of a task, with the variables {%s}', async (keyword, vars, message) => {
  const text = `- hosts: h1\n  gather_facts: false\n  vars: {${vars}}\n  tasks: [{stat: {path: /}, become: true, become_user: nobody, ${keyword}}]\n`;
  const { exit, results } = await flow(text);
  expect(exit).toBeGreaterThan(0);
  expect(String(results[0]?.result.msg)).toMatch(message);
});

it('diff: false hides what changes, whatever was asked for; diff: true asks for it', async () => {
  const copy = "copy: {dest: /nonexistent-directory-of-a-test, content: x}, when: inventory_hostname == 'h1'";
  const tasks = ['', ', diff: false', ', diff: true'].map((keyword) => `{${copy}${keyword}}`).join(', ');
  const { results } = await flow(`- hosts: h1\n  gather_facts: false\n  tasks: [${tasks}]\n`, {}, { diff: true });
  const told = results.map(({ diff, diff_wanted }) => [diff !== undefined, diff_wanted]);
  expect(told).toEqual([
    [true, undefined],
    [false, undefined],
    [true, true],
  ]);
});

it('collections and names are accepted where they change nothing', async () => {
  const text = `- hosts: web
  gather_facts: false
  collections: [community.general]
  roles: [{role: r, collections: [community.general]}]
  tasks:
    - {name: task, debug: {msg: x}, collections: [community.general]}
    - {name: block, collections: [community.general], block: [{name: in it, debug: {msg: x}}]}
- {name: the rest, import_playbook: more.yml}
`;
  const files = {
    ...role,
    'more.yml': '- {hosts: web, gather_facts: false, tasks: [{name: more, debug: {msg: x}}]}\n',
  };
  const { exit, said } = await flow(text, files, { limit: 'h1' });
  expect([exit, said]).toEqual([0, ['h1: x', 'h1: x', 'h1: x', 'h1: x']]);
});

it('connection: ssh does not count for localhost where the inventory has none', async () => {
  const text = `- hosts: h1
  gather_facts: false
  connection: ssh
  port: 1
  tasks: [{stat: {path: /}, delegate_to: localhost, register: r}, {debug: {msg: "{{ r.stat.isdir }}"}}]
- {hosts: localhost, gather_facts: false, connection: ssh, port: 1, tasks: [{stat: {path: /}, register: r}, {debug: {msg: "{{ r.stat.isdir }}"}}]}
`;
  const { exit, said } = await flow(text, { 'hosts.yml': 'all: {hosts: {h1: {ansible_connection: local}}}\n' });
  expect([exit, said]).toEqual([0, ['h1: true', 'localhost: true']]);
});

it('a host whose address is not known yet fails its task, and the others go on', async () => {
  const hosts = 'all: {hosts: {h1: {ansible_host: "{{ learnt }}"}, h2: {}}, vars: {ansible_connection: local}}\n';
  const text = `- hosts: all
  gather_facts: false
  tasks: [{stat: {path: /}}, {debug: {msg: went on}}, {set_fact: {learnt: 127.0.0.1}, when: false}]
`;
  const { exit, said, results } = await flow(text, { 'hosts.yml': hosts });
  const failed = results.filter(({ status }) => status === 'failed').map(({ host, result }) => [host, result.msg]);
  expect([exit, said, failed]).toEqual([2, ['h2: went on'], [['h1', "'learnt' is undefined"]]]);
});

it('delay is waited for between tries', async () => {
  const timed = async (delay: string) => {
    const task = `{name: t, debug: {msg: x}, register: r, until: false, retries: 2, delay: ${delay}, ignore_errors: true}`;
    const started = performance.now();
    const { results } = await flow(`- hosts: h1\n  gather_facts: false\n  tasks: [${task}]\n`);
    expect(results[0]?.result.attempts).toBe(2);
    return performance.now() - started;
  };
  expect(await timed('0.4')).toBeGreaterThan(790);
  expect(await timed('0')).toBeLessThan(5000);
});

it('max_fail_percentage_ignores_unreachable counts failures only', async () => {
  const text = (keyword: string) =>
    `- hosts: all\n  gather_facts: false\n  max_fail_percentage: 30\n${keyword}  tasks: [{name: t1, command: "true"}, {name: t2, debug: {msg: on}}]\n`;
  const hosts = `all:
  hosts:
    h1: {ansible_connection: local}
    gone: {ansible_host: 127.0.0.1, ansible_port: 1}
`;
  const counted = await flow(text(''), { 'hosts.yml': hosts });
  expect([counted.end.message, counted.said]).toEqual([expect.stringContaining('1/2 hosts failed'), []]);
  const spared = await flow(text('  max_fail_percentage_ignores_unreachable: true\n'), { 'hosts.yml': hosts });
  expect([spared.exit, spared.said]).toEqual([4, ['h1: on']]);
});

it('validate_argument_spec names what does not fit', async () => {
  const call = (port: string) =>
    `{name: v, validate_argument_spec: {argument_spec: {port: {type: int, required: true}}, provided_arguments: {port: ${port}}}, ignore_errors: true}`;
  const { results } = await flow(`- hosts: h1\n  gather_facts: false\n  tasks: [${call('6379')}, ${call('many')}]\n`);
  expect(results.map(({ status }) => status)).toEqual(['ok', 'ignored']);
  expect(JSON.stringify(results[1]?.result)).toContain('port');
});
