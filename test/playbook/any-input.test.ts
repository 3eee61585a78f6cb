import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Inventory } from '../../src/inventory/contract.ts';
import * as generated from '../../src/playbook/generated/keywords.ts';
import { readPlaybook } from '../../src/playbook/playbook.ts';
import { type KeywordSchemas, schemaNames } from '../../src/playbook/schema.ts';
import { validate } from '../../src/playbook/validate.ts';
import { writeFiles } from './files.ts';

const keywords = generated.keywordSchemas as KeywordSchemas;
const keys = Object.values(keywords).flatMap(({ properties }) => Object.keys(properties));
const inventory: Inventory = {
  hosts: new Map(),
  groups: new Map([['all', { name: 'all', hosts: [], children: [] }]]),
  dir: '/',
  layersOf: () => [],
  warnings: [],
  withHost: () => inventory,
  withMember: () => inventory,
};

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('{{ x }}', '{{ 1 + }}', '{% if %}', 'a=1', 'a="', 'yes', 'site.yml', '{{ x | default(item) }}'),
);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...keys) },
  { weight: 3, arbitrary: fc.constantFrom(...schemaNames) },
  { weight: 1, arbitrary: fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__') },
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 6, withCrossShrink: true }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('map')),
  map: fc.dictionary(name, tie('value'), { maxKeys: 6 }),
}));
const play = fc.record({
  hosts: fc.oneof(fc.constant('all'), scalar),
  tasks: fc.array(fc.dictionary(name, value, { maxKeys: 5 }), { maxLength: 5 }),
  handlers: value,
  vars: value,
});

test('whatever stands in a playbook, it is read or complained about, and every finding has its place', () => {
  const directory = writeFiles({});
  const file = join(directory, 'site.yml');
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 5, arbitrary: play }, { weight: 1, arbitrary: value }), { maxLength: 3 }),
      (plays) => {
        writeFileSync(file, JSON.stringify(plays));
        const { playbook, diagnostics } = readPlaybook(file);
        const more = validate(inventory, [playbook], { origin: 'extra', vars: {} });
        for (const { span, message } of [...diagnostics, ...more]) expect(span, message).toBeDefined();
      },
    ),
    { numRuns: 150 },
  );
});
