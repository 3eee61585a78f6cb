import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { directoryOf, rcdeploy } from './program.ts';

const prefix = join(mkdtempSync(join(tmpdir(), 'rcdeploy-strict-')), 'redis');
const install = (version: string, more = '') =>
  `- {hosts: all, gather_facts: false, tasks: [{redis_build: {version: "${version}", prefix: ${prefix}${more}}}]}\n`;
const dir = directoryOf({
  hosts: 'h1 ansible_connection=local\n',
  'flawed.yml': install('7.2.4'),
  'mended.yml': install('8.2.8'),
  'apt.yml': install('7.0.15', ', source: apt-source'),
  'same-name': '[h1]\nh1 ansible_connection=local\n',
  'told.yml': '- {hosts: all, gather_facts: false, tasks: [{debug: {msg: hi}}]}\n',
});
const check = (playbook: string, ...more: string[]) => checkOn('hosts', playbook, ...more);
const checkOn = (inventory: string, playbook: string, ...more: string[]) =>
  rcdeploy('run', join(dir, playbook), '-i', join(dir, inventory), '-C', '--output', 'json', ...more);

interface Event {
  readonly event: string;
  readonly [key: string]: unknown;
}
const events = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
const ofKind = (out: string, kind: string) => events(out).filter(({ event }) => event === kind);

const flaws =
  /^redis 7\.2\.4 has CVE-2024-31449, .*, as published until 20\d\d-\d\d-\d\d; redis 7\.2\.\d+ has none of them$/;

test('a version with published flaws is named, with the one without them', async () => {
  const { exit, out } = await check('flawed.yml');
  expect(exit).toBe(0);
  const where = { play: 'all', task: 'redis_build', module: 'redis_build', path: `${join(dir, 'flawed.yml')}:1:45` };
  expect(ofKind(out, 'warning')).toMatchObject([{ ...where, host: 'h1', message: expect.stringMatching(flaws) }]);
});

test('with --strict it is a failure, and nothing would be changed', async () => {
  const { exit, out } = await check('flawed.yml', '--strict');
  expect(exit).toBe(2);
  expect(ofKind(out, 'warning')).toEqual([]);
  const [result] = ofKind(out, 'result');
  expect(result).toMatchObject({ status: 'failed', hint: expect.stringContaining('--strict') });
  expect(result?.result).toMatchObject({ msg: expect.stringMatching(flaws), unsafe: [expect.stringMatching(flaws)] });
  expect(result).not.toHaveProperty('diff');
});

test.each(['mended.yml', 'apt.yml'])('%s passes', async (playbook) => {
  const { exit, out } = await check(playbook, '--strict');
  expect(exit).toBe(0);
  expect(ofKind(out, 'warning')).toEqual([]);
});

test('with --strict a warning of the input is a mistake', async () => {
  const told = await checkOn('same-name', 'told.yml');
  expect(told.exit).toBe(0);
  expect(ofKind(told.out, 'diagnostic')).toMatchObject([{ severity: 'warning' }]);
  const { exit, out } = await checkOn('same-name', 'told.yml', '--strict');
  expect(exit).toBe(1);
  expect(ofKind(out, 'diagnostic')).toMatchObject([{ severity: 'error' }]);
  expect(ofKind(out, 'task_start')).toEqual([]);
});

test('validate --strict ends so too', async () => {
  const validate = (...more: string[]) =>
    rcdeploy('validate', join(dir, 'told.yml'), '-i', join(dir, 'same-name'), ...more);
  expect(await validate()).toMatchObject({ exit: 0, out: expect.stringContaining('no mistakes found') });
  const { exit, out, err } = await validate('--strict');
  expect([exit, out]).toEqual([1, '']);
  expect(err).toMatch(/error\[same-name\]: 'h1' is a host and a group[\s\S]*\n1 error\n$/);
});
