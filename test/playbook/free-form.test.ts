import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyValues, parseRaw } from '../../src/playbook/free-form.ts';
import { schemaOf } from '../../src/playbook/schema.ts';

function values(text: string): Record<string, string> | string {
  const parsed = parseKeyValues(text);
  return 'entries' in parsed
    ? Object.fromEntries(parsed.entries.map(({ name, value }) => [name, value]))
    : parsed.problem;
}

describe('key=value', () => {
  test.each<[string, Record<string, string>]>([
    ['a=1 b=2', { a: '1', b: '2' }],
    ['a="x y" b=\'p q\'', { a: 'x y', b: 'p q' }],
    ['a={{ x | default("a b") }} b=2', { a: '{{ x | default("a b") }}', b: '2' }],
    ['a="{{ x }} y"\n  b=', { a: '{{ x }} y', b: '' }],
    ['line="a\\nb" path=/x=y', { line: 'a\nb', path: '/x=y' }],
    ['a=1 \\\n  b=2', { a: '1', b: '2' }],
    ['', {}],
  ])('%j', (text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test.each(['a', 'a=1 then', '/x y=1'])('%j is refused', (text) => {
    expect(values(text)).toMatch(/is not name=value/);
  });

  test.each(['a="x', "a='", 'a={{ x'])('%j is not closed', (text) => {
    expect(values(text)).toBe('unbalanced quotes or braces');
  });

  test('quoted words of any text come back', () => {
    const word = fc.string().filter((text) => !/["\\]|\{[{%#]/.test(text));
    fc.assert(
      fc.property(word, word, (one, other) => {
        expect(values(`a="${one}" b="${other}"`)).toEqual({ a: one, b: other });
      }),
    );
  });

  test('offsets lead to names and values', () => {
    const text = ' a=1  bc="x y"';
    const parsed = parseKeyValues(text);
    if (!('entries' in parsed)) throw new Error(parsed.problem);
    for (const { name, value, nameStart, valueStart } of parsed.entries) {
      expect(text.slice(nameStart, nameStart + name.length)).toBe(name);
      expect(text.slice(valueStart, valueStart + value.length)).toBe(value);
    }
  });
});

describe('raw', () => {
  const command = schemaOf('command');
  if (command === undefined) throw new Error('there is no module command');

  function raw(text: string) {
    if (command === undefined) return undefined;
    const { raw: rest, entries } = parseRaw(text, command);
    return [rest, Object.fromEntries(entries.map(({ name, value }) => [name, value]))];
  }

  test.each<[string, string, Record<string, string>]>([
    ['ls -l', 'ls -l', {}],
    ['chdir=/tmp ls -l', 'ls -l', { chdir: '/tmp' }],
    ['ls -l creates="/a b"', 'ls -l', { creates: '/a b' }],
    ['make PREFIX=/usr install', 'make PREFIX=/usr install', {}],
    ["echo it's", "echo it's", {}],
    ['a  |  b\n  c\n', 'a  |  b\n  c\n', {}],
    ['cmd=x argv=y', 'cmd=x argv=y', {}],
  ])('%j', (text, rest, entries) => {
    expect(raw(text)).toEqual([rest, entries]);
  });

  test('a text without arguments of its own is kept to the letter', () => {
    const text = fc.string().filter((each) => !/=/.test(each) && !/^\s/.test(each));
    fc.assert(
      fc.property(text, (each) => {
        expect(raw(each)).toEqual([each, {}]);
      }),
    );
  });
});
