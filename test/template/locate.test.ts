import { expect, it } from 'vitest';
import { locate } from '../../src/template/locate.ts';

const source = [
  'a: "{{ nope }}"',
  'b: x {{ nope }}',
  'c: |',
  '  first',
  '  {{ nope }}',
  "d: 'it''s {{ nope }}'",
  '',
].join('\n');
const span = (line: number, column: number, endLine: number, endColumn: number) => ({
  file: 'p.yml',
  line,
  column,
  endLine,
  endColumn,
});

it.each([
  ['a quoted scalar', span(1, 4, 1, 16), '{{ nope }}', 3, 1, 8],
  ['a plain scalar', span(2, 4, 2, 16), 'x {{ nope }}', 5, 2, 9],
  ['a block scalar', span(3, 4, 6, 1), 'first\n{{ nope }}\n', 9, 5, 6],
])('finds a character of %s', (_what, whole, text, offset, line, column) => {
  expect(locate(whole, text, offset, source)).toEqual({
    file: 'p.yml',
    line,
    column,
    endLine: line,
    endColumn: column + 1,
  });
});

it('gives the whole value where escapes hide the place, or the offset is not known', () => {
  const escaped = span(6, 4, 6, 23);
  expect(locate(escaped, "it's {{ nope }}", 8, source)).toBe(escaped);
  expect(locate(escaped, 'x', undefined, source)).toBe(escaped);
});
