import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lookups } from '../../src/template/lookups/lookups.ts';
import { filters, tests } from '../../src/template/registry.ts';

interface Documented {
  readonly arguments?: readonly string[];
  readonly description: string;
}

const documented = JSON.parse(readFileSync('schemas/templates.json', 'utf8')) as Record<
  string,
  Record<string, Documented>
>;
const sorted = (names: Iterable<string>) => [...names].sort();

it.each([
  ['filters', filters],
  ['tests', tests],
] as const)('%s are all documented, with their arguments', (kind, table) => {
  const pages = documented[kind] ?? {};
  expect(sorted(Object.keys(pages))).toEqual(sorted(table.keys()));
  for (const [name, { parameters }] of table) expect([name, pages[name]?.arguments]).toEqual([name, parameters]);
});

it('lookups are all documented', () => {
  expect(sorted(Object.keys(documented.lookups ?? {}))).toEqual(sorted(lookups.keys()));
});
