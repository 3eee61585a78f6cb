import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { moduleNames } from '../../src/modules/registry.ts';
import { loadInput } from '../../src/playbook/load-input.ts';
import { schemaNames } from '../../src/playbook/schema.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';
import { read } from './files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = (file: string): object => JSON.parse(readFileSync(`${root}/${file}`, 'utf8'));

/** As an editor would: references between the files are relative. */
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(json('schemas/generated/modules.json'), 'file:///schemas/generated/modules.json');
ajv.addSchema({ ...json('schemas/playbook.json'), $id: 'file:///schemas/playbook.json' });
ajv.addSchema({ ...json('schemas/inventory.json'), $id: 'file:///schemas/inventory.json' });

function editorAccepts(schema: 'playbook' | 'inventory', text: string): boolean {
  return ajv.validate(`file:///schemas/${schema}.json`, parseYaml(text, 'editor.yml').value);
}

test('every module has a schema, and every schema a module', () => {
  expect([...schemaNames].sort()).toEqual([...moduleNames].sort());
});

const playbooks = readdirSync(`${root}/playbooks`).filter((name) => name.endsWith('.yml'));
const inventories = ['inventory/hosts.yml', 'inventory/datacenter.example/hosts.yml'];

test('there is something to try', () => {
  expect(playbooks.length).toBeGreaterThan(3);
});

test.each(playbooks)('the shipped %s is fine for the loader and for editors', async (name) => {
  for (const inventory of inventories) {
    const { warnings } = await loadInput([`${root}/${inventory}`], [`${root}/playbooks/${name}`], {
      origin: 'extra',
      vars: {},
    });
    expect(warnings).toEqual([]);
  }
  expect(editorAccepts('playbook', readFileSync(`${root}/playbooks/${name}`, 'utf8')), JSON.stringify(ajv.errors)).toBe(
    true,
  );
});

test.each(inventories)('the shipped %s is fine for editors', (name) => {
  expect(editorAccepts('inventory', readFileSync(`${root}/${name}`, 'utf8'))).toBe(true);
});

const task = (yaml: string) => `- hosts: all\n  tasks:\n    - ${yaml}\n`;

describe('editors and the loader agree', () => {
  test.each<[string, boolean]>([
    ['- hosts: all\n  become: yes\n  serial: ["25%", 4]\n', true],
    ['- hosts: all\n  becom: yes\n', false],
    ['- hosts: all\n  order: sideways\n', false],
    ['- hosts: all\n  become: "{{ x }}"\n', true],
    [task('file: {dest: /a, recurse: "{{ x }}", mode: 0644}'), true],
    [task('file: path=/a'), true],
    [task('ansible.builtin.file: {path: /a}'), true],
    [task('file: {path: /a, ownr: b}'), false],
    [task('file: {path: /a, state: directry}'), false],
    [task('fil: {path: /a}'), false],
    [task('{ping: , whn: x}'), false],
    [task('{ping: , when: [a, b], tags: a, retries: "3"}'), true],
    [task('{ping: , loop: [1], loop_control: {lable: x}}'), false],
    [task('{block: [{ping: }], rescue: [{fil: {}}]}'), false],
    [task('{block: [{ping: }], always: [{debug: {msg: x}}]}'), true],
    [task('{ping: , async: 5}'), true],
    [task('{ping: , debugger: always}'), false],
    [task('{ping: , run_once: play}'), true],
    ['- hosts: all\n  roles: [{rol: a}]\n', false],
    ['- hosts: all\n  vars_prompt: [{name: a, private: no}]\n', true],
    ['- hosts: all\n  vars_prompt: [{name: a, privat: no}]\n', false],
  ])('%j', (text, isFine) => {
    expect({ loader: read(text).diagnostics.length === 0, editor: editorAccepts('playbook', text) }).toEqual({
      loader: isFine,
      editor: isFine,
    });
  });
});

test.each<[string, boolean]>([
  ['all: {hosts: {h1: {ansible_port: 22, zone: a}, h2: }}\n', true],
  ['all: {children: {redis: {hosts: {"h[1:3]": {}}, vars: {redis_ports: [7000]}}}}\n', true],
  ['all: {host: {h1: {}}}\n', false],
  ['all: {hosts: {h1: {ansible_port: ssh}}}\n', false],
  ['all: {hosts: {h1: {ansible_connection: winrm}}}\n', false],
])('the inventory %j', (text, isFine) => {
  expect(editorAccepts('inventory', text)).toBe(isFine);
});
