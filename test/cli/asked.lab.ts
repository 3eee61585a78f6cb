import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Terminal } from '../report/terminal.ts';
import { directoryOf } from './program.ts';

const hosts = 'all: {hosts: {h1: {ansible_connection: local}}}\n';

/** A run in check mode on a terminal of its own: it changes nothing and needs no lock. */
function run(playbook: string, ...options: string[]): Terminal {
  const dir = directoryOf({ 'hosts.yml': hosts, 'site.yml': playbook });
  return new Terminal(100, 40, ['run', '-C', '-i', join(dir, 'hosts.yml'), join(dir, 'site.yml'), ...options]);
}

const textOf = (terminal: Terminal) => terminal.lines().join('\n');

describe('vars_prompt on a terminal', () => {
  it('asks, takes defaults, asks twice, hides what is private, and hashes with the given salt', async () => {
    const terminal = run(`- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: shown, prompt: What is shown, private: false}
    - {name: standard, default: of the playbook, private: false}
    - {name: secret, prompt: A secret, confirm: true}
    - {name: hashed, prompt: A password, encrypt: sha512_crypt, salt: saltstring}
    - {name: braces, prompt: With braces, private: false, unsafe: true}
  tasks:
    - {name: told, debug: {msg: "{{ shown }}, {{ standard }}, {{ secret | length }}, {{ hashed }}, {{ braces }}"}}
`);
    const answer = async (question: string, typed: string) => {
      await terminal.until(question);
      terminal.type(`${typed}\r`);
    };
    await answer('What is shown: ', 'something');
    await answer('standard [of the playbook]: ', '');
    await answer('A secret: ', 'hunter2');
    await answer('confirm A secret: ', 'hunter3');
    await answer('the two answers differ\r\nA secret: ', 'hunter2');
    await answer('the two answers differ\r\nA secret: \r\nconfirm A secret: ', 'hunter2');
    await answer('A password: ', 'Hello world!');
    await answer('With braces: ', '{{ shown }}');
    expect(await terminal.ended()).toBe(0);
    const text = textOf(terminal).replaceAll('\n', '');
    expect(text).toContain('something, of the playbook, 7, ');
    expect(text).toContain(
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    );
    expect(text).toMatch(/, \{\{ shown \}\}/);
    expect(text).not.toMatch(/hunter|Hello world/);
  });

  it('Ctrl-C at a question ends the program before anything is contacted', async () => {
    const terminal = run(
      '- {hosts: all, gather_facts: false, vars_prompt: [{name: a}], tasks: [{name: never, debug: }]}\n',
    );
    await terminal.until('a: ');
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(textOf(terminal)).not.toContain('never');
  });
});

it('--step asks before each task: yes, no, and on without asking', async () => {
  const tasks = ['one', 'two', 'three', 'four'].map((name) => `    - {name: ${name}, debug: {msg: did ${name}}}\n`);
  const terminal = run(`- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join('')}`, '--step');
  for (const [task, answer] of [
    ['one', 'y'],
    ['two', 'n'],
    ['three', 'c'],
  ] as const) {
    await terminal.until(`Perform task: ${task} (N)o/(y)es/(c)ontinue: `);
    terminal.type(`${answer}\r`);
  }
  expect(await terminal.ended()).toBe(0);
  const text = textOf(terminal);
  expect(['one', 'two', 'three', 'four'].filter((name) => text.includes(`did ${name}`))).toEqual([
    'one',
    'three',
    'four',
  ]);
  expect(text).not.toContain('Perform task: four');
});
