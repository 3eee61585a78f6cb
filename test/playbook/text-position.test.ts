import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forgetLines, spanInText } from '../../src/playbook/text-position.ts';
import { spanOf } from '../../src/source/positions.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';

/** `line:column` of the first character of `needle` within the value under `a`. */
function find(yaml: string, needle: string): string {
  forgetLines();
  const { value } = parseYaml(yaml, 'position.yml');
  const text = String((value as { a: unknown }).a);
  const span = spanOf(value, 'a');
  if (span === undefined) throw new Error('no span');
  const start = text.indexOf(needle);
  const found = spanInText(span, text, start, start + needle.length);
  return `${found.line}:${found.column}-${found.endLine}:${found.endColumn}`;
}

test.each([
  ['a: b {{ X }}', '1:9-1:10'],
  ['a: "b {{ X }}"', '1:10-1:11'],
  ["a: 'it''s {{ X }}'", '1:14-1:15'],
  ['a: "b\\n\\u0041 {{ X }}"', '1:18-1:19'],
  ['a: |\n  one\n  two X\n', '3:7-3:8'],
  ['a: >-\n  one\n  two X\n', '3:7-3:8'],
  ['a: one\n  two X\n', '2:7-2:8'],
  ['a: "one\n  two X"\n', '2:7-2:8'],
  ['a: |2\n    X\n', '2:5-2:6'],
  ['# c\na:\n  - X\n', '3:3-3:6'],
])('%j', (yaml, expected) => {
  expect(find(yaml, 'X')).toBe(expected);
});

test('a character of a quoted text is found where it stands', () => {
  const letter = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '"', '\\', '\n', 'é', "'"), maxLength: 12 });
  fc.assert(
    fc.property(letter, letter, (before, after) => {
      const yaml = `a: ${JSON.stringify(`${before}X${after}`)}`;
      const column = yaml.indexOf('X') + 1;
      expect(find(yaml, 'X')).toBe(`1:${column}-1:${column + 1}`);
    }),
  );
});
