import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRunCommand } from '../../src/cli/run-options.ts';
import { directoryOf, rcdeploy } from './program.ts';

const inventory = `all:
  vars:
    redis_password: hunter2secret
    color: red
  children:
    redis:
      vars:
        color: blue
      hosts:
        h1:
        h2: {color: green}
`;

describe('usage', () => {
  it.each([
    [['run', '--flush-cache', 'x.yml'], /--flush-cache is not an option of rcdeploy: facts are gathered anew/],
    [['run', '--version'], /use `rcdeploy --version`/],
    [['run', '--chek', 'x.yml'], /unknown option '--chek'/],
    [['run', '-f', '0', 'x.yml'], /from 1 on/],
    [['run'], /missing required argument/],
    [['rnu'], /unknown command 'rnu'/],
  ])('%j is refused with a word on what to do', async (argv, expected) => {
    const { exit, err } = await rcdeploy(...argv);
    expect(exit).toBe(1);
    expect(err).toMatch(expected);
  });

  it('says its version', async () => {
    expect(await rcdeploy('--version')).toMatchObject({ exit: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('with --output json', () => {
  const directory = directoryOf({ hosts: 'h1\n', 'site.yml': '- {hosts: all, tasks: [{ping: }]}\n' });
  const input = [join(directory, 'site.yml'), '-i', join(directory, 'hosts'), '--output', 'json'];
  it.each([
    ['an unknown option', ['--bogus'], "unknown option '--bogus'"],
    ['a number that is none', ['-f', 'many'], 'from 1 on'],
    ['a file that cannot be written', ['--log', '/nowhere/log'], '--log: ENOENT'],
    ['no such host', ['-l', 'h2'], 'leaves no hosts'],
    ['a list, which is text,', ['--list-tasks'], '--list-tasks and --list-tags write text'],
    ['no terminal for --step', ['--step'], '--step needs a terminal'],
  ])('%s is told there too, and the last line is run_end', async (_what, more, message) => {
    const { exit, out } = await rcdeploy('run', ...input, ...more);
    expect(exit).toBe(1);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toMatchObject([
      { event: 'diagnostic', severity: 'error', message: expect.stringContaining(message) },
      { event: 'run_end', exit: 1, stats: {}, owed: [] },
    ]);
  });
});

it('mistakes in the input stand in the files of a run too', async () => {
  const directory = directoryOf({
    hosts: 'h1\n',
    'site.yml': '- {hosts: all, tasks: [{pong: }, {debug: {msg: x}, when: "a ==="}]}\n',
  });
  const files = ['--log', '--junit', '--report'].map((option) => [option, join(directory, option)]);
  const words = ['run', join(directory, 'site.yml'), '-i', join(directory, 'hosts'), '--profile', ...files.flat()];
  const { exit, out, err } = await rcdeploy(...words);
  expect(exit).toBe(1);
  expect(out).toBe('');
  expect(err).toContain('nothing was contacted');
  for (const [option, file = ''] of files) {
    const text = readFileSync(file, 'utf8');
    expect([option, text]).toEqual([option, expect.stringMatching(/site\.yml:1:25[\s\S]*site\.yml:1:\d\d\D/)]);
    expect(text).toContain('nothing was contacted');
  }
});

describe("ansible-playbook's other names of options", () => {
  it.each([
    ['--key-file', 'privateKey', '/k'],
    ['--inventory-file', 'inventory', ['a', '/k']],
  ])('%s counts', (name, option, expected) => {
    const command = createRunCommand('run', 'about').exitOverride();
    command.parse(['-i', 'a', name, '/k', 'site.yml'], { from: 'user' });
    expect(command.opts()[option]).toEqual(expected);
  });
});

describe('inventory', () => {
  const directory = directoryOf({ hosts: inventory });
  const source = join(directory, 'hosts');

  it('draws groups and hosts', async () => {
    const { out } = await rcdeploy('inventory', '-i', source);
    expect(out).toBe('@all:\n  |--@ungrouped:\n  |--@redis:\n  |  |--h1\n  |  |--h2\n');
  });

  it('lists as ansible-inventory does, but for what is secret', async () => {
    const { out } = await rcdeploy('inventory', '-i', source, '--list');
    const list = JSON.parse(out) as { _meta: { hostvars: Record<string, unknown> }; redis: unknown };
    expect(list.redis).toEqual({ hosts: ['h1', 'h2'] });
    expect(list._meta.hostvars.h2).toEqual({ redis_password: '********', color: 'green' });
  });

  it('explains where a variable comes from and what it overrode', async () => {
    const { out } = await rcdeploy('vars', 'h2', '-i', source, '--explain', 'color');
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/ {2}#.*:(\d+):\d+/, ' line $1'))).toEqual([
      'color, lowest precedence first:',
      '   red line 4',
      '   blue line 8',
      '=> green line 11, wins',
    ]);
  });

  it('suggests the host and the variable that were meant', async () => {
    expect((await rcdeploy('vars', 'h11', '-i', source)).err).toMatch(/no host 'h11'[\s\S]*did you mean "h1"/);
    expect((await rcdeploy('vars', 'h1', '-i', source, '--explain', 'colour')).err).toMatch(/did you mean "color"/);
  });
});

describe('validate', () => {
  const bad = '- hosts: redis\n  tasks:\n    - {name: x, debg: {msg: hi}}\n    - {name: y, ping: {}, whn: true}\n';

  it('tells the mistakes of inventory, playbooks and extra variables together', async () => {
    const directory = directoryOf({ hosts: `${inventory}  bogus: 1\n`, 'site.yml': bad });
    const { exit, err } = await rcdeploy(
      'validate',
      '-i',
      join(directory, 'hosts'),
      '-e',
      'nonsense',
      join(directory, 'site.yml'),
    );
    expect(exit).toBe(1);
    for (const expected of [
      /hosts:12:\d+: error/,
      /site\.yml:3:\d+: error\[unknown-module\]/,
      /site\.yml:4:\d+: error\[unknown-keyword\]/,
      /--extra-vars:1:1: error/,
    ]) {
      expect(err).toMatch(expected);
    }
  });

  it('writes one event per mistake as JSON', async () => {
    const directory = directoryOf({ hosts: inventory, 'site.yml': bad });
    const { exit, out } = await rcdeploy(
      'validate',
      '--output',
      'json',
      '-i',
      join(directory, 'hosts'),
      join(directory, 'site.yml'),
    );
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(exit).toBe(1);
    expect(events.map(({ event, severity, code }) => `${event} ${severity} ${code}`)).toEqual([
      'diagnostic error unknown-module',
      'diagnostic error unknown-keyword',
    ]);
    expect(events[0]?.path).toBe(`${join(directory, 'site.yml')}:3:17`);
  });

  it('is content with what is right', async () => {
    const directory = directoryOf({ hosts: inventory, 'site.yml': '- hosts: redis\n  tasks:\n    - ping:\n' });
    const told = await rcdeploy('validate', '-i', join(directory, 'hosts'), join(directory, 'site.yml'));
    expect(told).toEqual({ exit: 0, out: 'no mistakes found: 1 play, 2 hosts\n', err: '' });
  });
});

describe('run', () => {
  it('with --output json ends with run_end even when the input is wrong', async () => {
    const directory = directoryOf({ hosts: inventory });
    const { exit, out } = await rcdeploy(
      'run',
      '--output',
      'json',
      '-i',
      join(directory, 'hosts'),
      '/nonexistent/x.yml',
    );
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(exit).toBe(1);
    expect(events.map(({ event }) => event)).toEqual(['diagnostic', 'run_end']);
    expect(events.at(-1)).toMatchObject({ exit: 1, stats: {}, owed: [] });
  });

  it('runs on this machine, and tells', async () => {
    const playbook =
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: greet, debug: {msg: "hi {{ inventory_hostname }}"}}\n';
    const directory = directoryOf({ hosts: 'here ansible_connection=local\n', 'site.yml': playbook });
    const { exit, out } = await rcdeploy(
      'run',
      '--output',
      'plain',
      '-i',
      join(directory, 'hosts'),
      join(directory, 'site.yml'),
    );
    expect(exit).toBe(0);
    expect(out).toMatch(/ok {7}greet +ok 1\n {4}here: hi here\n/);
  });

  it('lists hosts and tasks without running', async () => {
    const playbook = '- hosts: redis\n  tasks:\n    - {name: greet, ping: {}, tags: [t]}\n';
    const directory = directoryOf({ hosts: inventory, 'site.yml': playbook });
    const { out } = await rcdeploy(
      'run',
      '--list-hosts',
      '--list-tasks',
      '-l',
      'h2',
      '-i',
      join(directory, 'hosts'),
      join(directory, 'site.yml'),
    );
    expect(out).toContain('hosts (1):\n      h2\n');
    expect(out).toMatch(/greet {2}\(ping, .*site\.yml:3:7\) {2}TAGS: \[t\]/);
  });
});

describe('doc', () => {
  it('describes a module from its schema', async () => {
    const { out } = await rcdeploy('doc', 'ansible.builtin.copy');
    expect(out).toMatch(/^copy\n/);
    expect(out).toMatch(/\n {2}dest {2}\(.*required/);
    expect((await rcdeploy('doc', 'cpoy')).err).toMatch(/did you mean "copy"/);
  });
});

describe('what a run asks and writes beside the screen', () => {
  it('vars_prompt without a terminal takes the default, or says how to answer', async () => {
    const play = (prompt: string) =>
      `- hosts: all\n  gather_facts: false\n  vars_prompt: [${prompt}]\n  tasks: [{debug: {msg: "got {{ a }}"}}]\n`;
    const dir = directoryOf({ 'p.yml': play('{name: a, default: standard}'), 'q.yml': play('{name: a}') });
    const hosts = '{"all": {"hosts": {"h1": {"ansible_connection": "local"}}}}';
    const inventory = join(directoryOf({ 'hosts.json': hosts }), 'hosts.json');
    const run = (...argv: string[]) => rcdeploy('run', '-C', '-i', inventory, '--output', 'ansible', ...argv);
    expect((await run(join(dir, 'p.yml'))).out).toContain('got standard');
    expect((await run(join(dir, 'p.yml'), '-e', 'a=mine')).out).toContain('got mine');
    const refused = await run(join(dir, 'q.yml'));
    expect([refused.exit, refused.err]).toEqual([1, expect.stringMatching(/q\.yml:3:17: error.*-e a=/s)]);
  });

  it('--log, --junit and --profile tell of the run; a file that cannot be written is a mistake before it', async () => {
    const dir = directoryOf({
      'p.yml': '- hosts: all\n  gather_facts: false\n  tasks: [{name: say, debug: {msg: x}}]\n',
      'hosts.yml': 'all: {hosts: {h1: {ansible_connection: local}}}\n',
    });
    const at = (name: string) => join(dir, name);
    const run = (...argv: string[]) => rcdeploy('run', '-C', '-i', at('hosts.yml'), at('p.yml'), ...argv);
    const { exit, out } = await run('--log', at('l'), '--junit', at('j'), '--profile');
    expect([exit, out]).toEqual([0, expect.stringContaining('the slowest:')]);
    expect(readFileSync(at('l'), 'utf8')).toMatch(/^\S+Z ok +say/m);
    expect(readFileSync(at('j'), 'utf8')).toContain('<testcase name="[h1] say"');
    const refused = await run('--junit', at('none/j'));
    expect([refused.exit, refused.err]).toEqual([1, expect.stringContaining('--junit: ENOENT')]);
  });
});

describe('exec and init', () => {
  it('exec shows what a command says on each host; check mode runs nothing', async () => {
    const dir = directoryOf({
      'hosts.yml': 'all: {hosts: {h1: {ansible_connection: local}, h2: {ansible_connection: local}}}\n',
    });
    const exec = (...argv: string[]) => rcdeploy('exec', '-C', '-i', join(dir, 'hosts.yml'), ...argv);
    const { exit, out } = await exec('h1', '--', 'echo', 'a b', '{{ inventory_hostname }}');
    expect([exit, out]).toEqual([0, expect.stringContaining('h1 | SKIPPED')]);
    expect((await exec('all', '--', 'echo $((1 + 1))')).out.match(/SKIPPED/g)).toHaveLength(2);
    expect(await exec('h1')).toMatchObject({ exit: 1, err: expect.stringContaining('a command is missing') });
    expect(await exec('h1', '--', 'echo', '{{ nope }}')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('"nope" is defined nowhere'),
    });
  });

  it('init writes an inventory that is fine, once', async () => {
    const dir = directoryOf({});
    expect(await rcdeploy('init', dir)).toMatchObject({ exit: 0, out: expect.stringContaining('hosts.yml') });
    expect(await rcdeploy('validate', '-i', join(dir, 'inventory'))).toMatchObject({ exit: 0 });
    expect(await rcdeploy('init', dir)).toMatchObject({ exit: 1, err: expect.stringContaining('is there already') });
  });
});
