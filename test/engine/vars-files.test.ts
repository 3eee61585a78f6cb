import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../src/playbook/playbook.ts';
import { directoryWith, play } from './play.ts';

const inventory = 'h1,h2,';

/** The messages of all debug tasks, by host. */
async function messages(files: Readonly<Record<string, string>>, options = {}): Promise<string[]> {
  const { results } = await play(join(directoryWith(files), 'site.yml'), inventory, options);
  return results.map(({ host, result }) => `${host} ${result.msg}`).sort();
}

const site = (keywords: string, tasks: string) => `- hosts: all\n  gather_facts: false\n${keywords}  tasks:\n${tasks}`;
const say = (what: string) => `    - debug: {msg: "${what}"}\n`;

describe('vars_files', () => {
  it('may be named after a host, from a list the first that is there, in vars/ too', async () => {
    const files = {
      'site.yml': site('  vars_files: [["{{ inventory_hostname }}.yml", other.yml]]\n', say('{{ a }}')),
      'vars/h1.yml': 'a: of h1\n',
      'other.yml': 'a: other\n',
    };
    expect(await messages(files)).toEqual(['h1 of h1', 'h2 other']);
  });

  it('rank above play vars, below what tasks set, and are templates themselves', async () => {
    const files = {
      'site.yml': site(
        '  vars: {a: play, b: play, which: one}\n  vars_files: ["{{ which }}.yml"]\n',
        `    - set_fact: {b: fact, which: two}\n${say('{{ a }} {{ b }}')}`,
      ),
      'one.yml': 'a: "file of {{ inventory_hostname }}"\nb: file\n',
      'two.yml': 'a: chosen by a task\n',
    };
    const said = (await messages(files)).filter((line) => !line.endsWith('undefined'));
    expect(said).toEqual(['h1 file of h1 fact', 'h2 file of h2 fact']);
  });

  it('are passed over while they name a fact that is not there', async () => {
    const files = {
      'site.yml': site('  vars_files: ["{{ ansible_system }}.yml"]\n', say('{{ a | default(0) }}')),
      'Linux.yml': 'a: Linux\n',
    };
    expect(await messages(files)).toEqual(['h1 0', 'h2 0']);
  });

  it('that are nowhere fail the task that looks for a variable, with their names', async () => {
    const files = { 'site.yml': site('  vars_files: ["{{ inventory_hostname }}.yml"]\n', say('{{ a | default(1) }}')) };
    expect(await messages(files)).toEqual(['h1 there is no vars file h1.yml', 'h2 there is no vars file h2.yml']);
  });

  it('may hold a list of maps, of which the later win', async () => {
    const files = {
      'site.yml': site('  vars_files: [list.yml]\n', say('{{ a }} {{ b }} {{ c }}')),
      'list.yml': '- {a: 1, b: 1}\n- {}\n- {b: "{{ a }}2", c: 3}\n',
    };
    expect(await messages(files)).toEqual(['h1 1 12 3', 'h2 1 12 3']);
  });

  it('that hold a list of anything else are told with the place', async () => {
    const files = { 'site.yml': site('  vars_files: [list.yml]\n', say('{{ a }}')), 'list.yml': '- {a: 1}\n- b\n' };
    const { playbook, diagnostics } = readPlaybook(join(directoryWith(files), 'site.yml'));
    expect(playbook.plays).toHaveLength(1);
    const [found] = diagnostics;
    expect(found?.message).toMatch(/list\.yml must hold a map of variables, or a list of such maps/);
    expect([found?.span?.line, found?.span?.column]).toEqual([2, 3]);
  });

  it('that hold no map fail it with their place', async () => {
    const files = {
      'site.yml': site('  vars_files: ["{{ inventory_hostname }}.yml"]\n', say('{{ a | default(1) }}')),
      'h1.yml': '[1]\n',
      'h2.yml': 'a: 2\n',
    };
    const [one, two] = await messages(files);
    expect(one).toMatch(/h1\.yml must hold a map/);
    expect(two).toBe('h2 2');
  });
});
