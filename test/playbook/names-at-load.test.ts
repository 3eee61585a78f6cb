import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPlaybook } from '../../src/playbook/playbook.ts';
import { places, read, tasksOf, writeFiles } from './files.ts';

const extra = (vars: Record<string, unknown>) => ({ origin: 'extra vars', vars });

function names(files: Readonly<Record<string, string>>, extraVars: Record<string, unknown> = {}) {
  const { playbook, diagnostics } = readPlaybook(join(writeFiles(files), 'site.yml'), extra(extraVars));
  return diagnostics.length > 0 ? places(diagnostics) : tasksOf(playbook).map(({ name }) => name);
}

const named = (name: string) => `- {name: ${name}, ping: }\n`;

describe('templates in names that must be known before the run', () => {
  test('import_tasks sees what the play, its blocks and the import itself say, and extra vars above all', () => {
    const files = {
      'of-play.yml': named('play'),
      'of-block.yml': named('block'),
      'of-import.yml': named('import'),
      'of-extra.yml': named('extra'),
      'of-file.yml': named('file'),
      'more.yml': 'from: file\n',
      'site.yml': `- hosts: all
  vars: {which: play, chained: "{{ which }}"}
  vars_files: [more.yml]
  tasks:
    - import_tasks: "of-{{ chained }}.yml"
    - import_tasks: "of-{{ from }}.yml"
    - vars: {which: block}
      block:
        - import_tasks: "of-{{ which }}.yml"
        - import_tasks: "of-{{ which }}.yml"
          vars: {which: import}
`,
    };
    expect(names(files)).toEqual(['play', 'file', 'block', 'import']);
    expect(names(files, { which: 'extra' })).toEqual(['extra', 'file', 'extra', 'extra']);
  });

  test('import_playbook sees its own vars and extra vars', () => {
    const site = '- import_playbook: "{{ which }}.yml"\n  vars: {which: one}\n';
    const play = (name: string) => `- hosts: all\n  tasks:\n    ${named(name)}`;
    const files = { 'site.yml': site, 'one.yml': play('one'), 'two.yml': play('two') };
    expect([names(files), names(files, { which: 'two' })]).toEqual([['one'], ['two']]);
  });

  test('roles and import_role see the play, and a role around them its own variables', () => {
    const files = {
      'roles/a/tasks/main.yml': named('a'),
      'roles/b/tasks/main.yml': '- import_tasks: "{{ system }}-{{ role_name }}.yml"\n',
      'roles/b/tasks/linux-b.yml': named('b on linux'),
      'roles/b/defaults/main.yml': 'system: linux\n',
      'roles/b/tasks/other.yml': named('other of b'),
      'site.yml': `- hosts: all
  vars: {first: a, part: other}
  roles: ["{{ first }}", {role: "{{ second | default('b') }}"}]
  tasks:
    - import_role: {name: "{{ first }}"}
    - import_role: {name: b, tasks_from: "{{ part }}"}
`,
    };
    expect(names(files)).toEqual(['a', 'b on linux', 'a', 'other of b']);
  });

  test('what only a host can say is refused with its place and a way out', () => {
    const text = '- hosts: all\n  tasks:\n    - import_tasks: "{{ ansible_distribution }}.yml"\n';
    const [found] = read(text).diagnostics;
    expect(found?.message).toMatch(/must be known before the run.*ansible_distribution/);
    expect(found?.hint).toMatch(/use include_tasks/);
  });

  test('a name that comes to no text, or to itself, is refused', () => {
    const importing = (vars: string) => `- hosts: all\n  vars: ${vars}\n  tasks:\n    - import_tasks: "{{ a }}"\n`;
    expect(places(read(importing('{a: [1]}')).diagnostics)).toEqual(['4:21 wrong-type']);
    expect(places(read(importing('{a: "{{ a }}"}')).diagnostics)).toEqual(['4:21 not-known-yet']);
  });
});
