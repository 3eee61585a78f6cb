import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCases } from './case.ts';

interface Difference {
  readonly id: string;
  readonly uncased?: string;
}

const cases = loadCases();
const file = join(import.meta.dirname, 'differences.yml');
const differences = parse(readFileSync(file, 'utf8')) as readonly Difference[];

it('the differences that cases name are the differences that are documented', () => {
  const named = new Set(cases.flatMap(({ differs }) => Object.keys(differs)));
  expect([...named].sort()).toEqual(
    differences
      .filter(({ uncased }) => uncased === undefined)
      .map(({ id }) => id)
      .sort(),
  );
});
