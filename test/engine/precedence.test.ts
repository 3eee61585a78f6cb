import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepFacts } from '../../src/engine/facts.ts';
import { HostState } from '../../src/engine/host-state.ts';
import type { Task } from '../../src/playbook/contract.ts';
import { directoryWith, play } from './play.ts';

/**
 * Ansible's levels, lowest first, without the first (command line values such as -u, which are no variables) and the eleventh
 * (facts, which only bring names that begin with `ansible_`; see below).
 */
const levels = [
  '02 role defaults',
  '03 inventory group',
  '04 inventory group_vars/all',
  '05 playbook group_vars/all',
  '06 inventory group_vars/web',
  '07 playbook group_vars/web',
  '08 inventory host',
  '09 inventory host_vars',
  '10 playbook host_vars',
  '12 play vars',
  '13 vars_prompt',
  '14 vars_files',
  '15 role vars',
  '16 block vars',
  '17 task vars',
  '18 include_vars',
  '19 set_fact',
  '20 role params',
  '21 include params',
  '22 extra vars',
] as const;

/** One variable for each set of levels: which of them define it. */
type Sets = readonly (readonly number[])[];

/** The variables of a level: `v0: "08 inventory host"` where set 0 has it. */
function varsAt(level: number, sets: Sets): string {
  const named = sets.flatMap((set, index) => (set.includes(level) ? [`v${index}: "${levels[level]}"`] : []));
  return `{${['unused: 1', ...named].join(', ')}}`;
}

async function winners(sets: Sets): Promise<unknown[]> {
  const at = (name: (typeof levels)[number]) => varsAt(levels.indexOf(name), sets);
  const seen = sets.map((_, index) => `{{ v${index} | default('nothing') }}`);
  const dir = directoryWith({
    'inventory/hosts.yml': `all: {children: {web: {vars: ${at('03 inventory group')}, hosts: {h1: ${at('08 inventory host')}}}}}`,
    'inventory/group_vars/all.yml': `${at('04 inventory group_vars/all')}`,
    'inventory/group_vars/web.yml': `${at('06 inventory group_vars/web')}`,
    'inventory/host_vars/h1.yml': `${at('09 inventory host_vars')}`,
    'inventory/connection.yml': 'all: {vars: {ansible_connection: local}}',
    'site/group_vars/all.yml': `${at('05 playbook group_vars/all')}`,
    'site/group_vars/web.yml': `${at('07 playbook group_vars/web')}`,
    'site/host_vars/h1.yml': `${at('10 playbook host_vars')}`,
    'site/files.yml': `${at('14 vars_files')}`,
    'site/included.yml': `${at('18 include_vars')}`,
    'site/roles/r/defaults/main.yml': `${at('02 role defaults')}`,
    'site/roles/r/vars/main.yml': `${at('15 role vars')}`,
    'site/roles/r/tasks/main.yml': `
- include_vars: ../../../included.yml
- set_fact: ${at('19 set_fact')}
- include_tasks: inner.yml
  vars: ${at('21 include params')}
`,
    'site/roles/r/tasks/inner.yml': `
- block:
    - debug: {msg: ${JSON.stringify(seen)}}
      vars: ${at('17 task vars')}
  vars: ${at('16 block vars')}
`,
    'site/play.yml': `
- hosts: web
  gather_facts: false
  vars: ${at('12 play vars')}
  vars_prompt: [${sets.map((_, index) => `{name: v${index}}`).join(', ')}]
  vars_files: [files.yml]
  roles: [{role: r, ${at('20 role params').slice(1, -1)}}]
`,
  });
  const vars = (name: (typeof levels)[number]) =>
    Object.fromEntries(sets.flatMap((set, index) => (set.includes(levels.indexOf(name)) ? [[`v${index}`, name]] : [])));
  const { results } = await play(join(dir, 'site/play.yml'), join(dir, 'inventory'), {
    check: true,
    answers: { origin: 'vars_prompt', vars: vars('13 vars_prompt'), isData: true },
    extraVars: { origin: 'extra vars', vars: vars('22 extra vars') },
  });
  const told = results.find(({ module }) => module === 'debug')?.result.msg;
  return Array.isArray(told) ? told : [JSON.stringify(results.at(-1)?.result)];
}

const expectedOf = (sets: Sets) => sets.map((set) => (set.length === 0 ? 'nothing' : levels[Math.max(...set)]));

it('each level of variables wins over all below it', async () => {
  const sets = levels.map((_, level) => levels.slice(0, level + 1).map((_name, index) => index));
  expect(await winners(sets)).toEqual([...levels]);
});

it('whatever levels define a variable, the highest of them wins', async () => {
  const sets = fc.array(fc.uniqueArray(fc.nat(levels.length - 1)), { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(sets, async (given) => {
      expect(await winners(given)).toEqual(expectedOf(given));
    }),
    { numRuns: 15 },
  );
});

it('facts stand above the inventory and below the play, and never in the way of a connection', () => {
  const host = new HostState('h1');
  keepFacts({ module: 'setup' } as Task, { ansible_facts: { ansible_distribution: 'Debian' } }, host);
  expect(host.facts).toEqual({ distribution: 'Debian' });
});
