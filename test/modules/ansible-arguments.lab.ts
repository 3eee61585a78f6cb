import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Schema {
  readonly properties: Record<string, { readonly 'x-aliases'?: readonly string[] }>;
  readonly 'x-unsupported'?: Record<string, string>;
}

interface Described {
  readonly doc?: { readonly options?: Record<string, { readonly aliases?: readonly string[] | null }> };
}

/** Arguments that ansible-doc lists and that are none: names for a free form, or of a loop's variable. */
const noArguments = new Set(['free_form', 'free-form', 'key_value']);
const inCollections: Readonly<Record<string, string>> = { apk: 'community.general.apk' };

/** A module of Ansible's takes each of its arguments, or refuses it by name with a word on what to do instead. */
test('every argument of Ansible is known, aliases included', () => {
  const names = readdirSync('schemas/modules')
    .map((file) => file.replace('.json', ''))
    .filter((name) => !name.startsWith('redis_'));
  const asked = names.map((name) => inCollections[name] ?? name);
  const output = execFileSync('ansible-doc', ['-j', ...asked], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const described = JSON.parse(output) as Record<string, Described>;
  expect(Object.keys(described).length).toBe(names.length);
  const unknown = Object.entries(described).flatMap(([full, { doc }]) => {
    const name = full.split('.').at(-1) ?? '';
    const schema = JSON.parse(readFileSync(`schemas/modules/${name}.json`, 'utf8')) as Schema;
    const taken = Object.entries(schema.properties).flatMap(([key, part]) => [key, ...(part['x-aliases'] ?? [])]);
    const known = new Set([...taken, ...Object.keys(schema['x-unsupported'] ?? {})]);
    return Object.entries(doc?.options ?? {}).flatMap(([option, { aliases }]) => {
      // The aliases of what is refused need no word of their own.
      const wanted = [option, ...(Object.hasOwn(schema.properties, option) ? (aliases ?? []) : [])];
      return wanted.filter((each) => !known.has(each) && !noArguments.has(each)).map((each) => `${name}.${each}`);
    });
  });
  expect(unknown).toEqual([]);
});
