import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { outputKinds } from '../../src/report/reporter.ts';
import { rcdeploy } from '../cli/program.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/command-line.md', import.meta.url)), 'utf8');
const events = readFileSync(fileURLToPath(new URL('../../src/report/contract.ts', import.meta.url)), 'utf8');

test('docs/command-line.md names every command', async () => {
  const { out } = await rcdeploy('--help');
  const commands = [...out.matchAll(/^ {2}([a-z]+) .*\S$/gm)].map(([, name]) => name).filter((name) => name !== 'help');
  expect(commands).toContain('run');
  expect(commands.filter((name) => !page.includes(`\n| \`${name}`))).toEqual([]);
});

test('and every event and form of output', () => {
  const names = [...events.matchAll(/\bevent: '(\w+)'/g)].map(([, name]) => name);
  expect(names).toContain('run_end');
  expect(names.filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
  expect(outputKinds.filter((kind) => !page.includes(`\`${kind}\``) && !page.includes(`--output ${kind}`))).toEqual([]);
});
