import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('nothing is called not supported that is there', () => {
  const schema = JSON.parse(readFileSync('schemas/playbook.json', 'utf8')) as {
    'x-not-yet': Record<string, Record<string, string>>;
  };
  const modules = readdirSync('schemas/modules').map((file) => file.replace('.json', ''));
  const notYet = Object.keys(schema['x-not-yet'].task ?? {});
  expect(modules.filter((name) => notYet.includes(name))).toEqual([]);
});
