import { expect, test } from 'vitest';
import type { ControlEnv, ControlModule, Result } from '../../src/modules/contract.ts';
import { moduleNamed, moduleNames } from '../../src/modules/registry.ts';
import { withDefaults } from './local-host.ts';

const values: Record<string, unknown> = { 'a == 1': true, 'a == 2': false, a: 'text' };

async function run(name: string, args: Record<string, unknown>): Promise<Result> {
  const module = (await moduleNamed(name)) as unknown as ControlModule<Record<string, unknown>>;
  const env: ControlEnv = {
    host: 'h1',
    check: false,
    verbosity: 0,
    evaluate: (expression) => values[expression],
    addHost: (host) => host !== 'old',
    addToGroup: (group) => group !== 'old',
    readVars: () => ({ files: ['/a'], vars: { b: 1 } }),
  };
  return module.run(withDefaults(name, args), env);
}

test('debug shows a message or a value', async () => {
  expect(await run('debug', {})).toEqual({ changed: false, msg: 'Hello world!' });
  expect(await run('debug', { var: 'a' })).toEqual({ changed: false, a: 'text' });
});

test('assert fails at the first expression that does not hold', async () => {
  expect(await run('assert', { that: ['a == 1', true] })).toEqual({ changed: false, msg: 'All assertions passed' });
  const failed = { failed: true, msg: 'no', assertion: 'a == 2', evaluated_to: false };
  expect(await run('assert', { that: ['a == 1', 'a == 2'], fail_msg: 'no' })).toMatchObject(failed);
  await expect(run('assert', { that: 'a' })).rejects.toThrow('neither true nor false');
});

test('fail fails, set_fact sets', async () => {
  expect(await run('fail', {})).toMatchObject({ failed: true, msg: 'Failed as requested from task' });
  expect(await run('set_fact', { one: 1, two: '2' })).toEqual({ changed: false, ansible_facts: { one: 1, two: '2' } });
  expect(await run('set_fact', { one: 1, cacheable: true })).toMatchObject({ _cacheable: true });
  await expect(run('set_fact', { 'not a name': 1 })).rejects.toThrow('is no variable name');
});

test('include_vars gives variables, under a name where one is wanted', async () => {
  const files = { changed: false, ansible_included_var_files: ['/a'] };
  expect(await run('include_vars', { file: 'a' })).toEqual({ ...files, ansible_facts: { b: 1 } });
  expect(await run('include_vars', { file: 'a', name: 'c' })).toEqual({ ...files, ansible_facts: { c: { b: 1 } } });
});

test('add_host and group_by say what they add, and whether it is new', async () => {
  const added = { host_name: 'new', groups: ['g'], host_vars: { zone: 'a', ansible_port: 2222 } };
  expect(await run('add_host', { name: 'new:2222', groups: ['g'], zone: 'a' })).toEqual({
    changed: true,
    add_host: added,
  });
  expect(await run('add_host', { name: 'old' })).toMatchObject({ changed: false });
  expect(await run('group_by', { key: 'os debian' })).toEqual({
    changed: true,
    add_group: 'os-debian',
    parent_groups: ['all'],
  });
});

test('every module is loaded under its own name', async () => {
  for (const name of moduleNames) expect((await moduleNamed(name))?.name).toBe(name);
  expect(await moduleNamed('constructor')).toBeUndefined();
});
