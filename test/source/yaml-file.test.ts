import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keySpanOf, sourceText, spanOf } from '../../src/source/positions.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';
import { UnsafeText } from '../../src/template/values.ts';

const at = (line: number, column: number, endLine: number, endColumn: number) => ({
  file: 't.yml',
  line,
  column,
  endLine,
  endColumn,
});
const findings = (text: string) =>
  parseYaml(text, 't.yml').diagnostics.map(
    ({ code, span, hint }) => `${span?.line}:${span?.column} ${code}${hint ? ` (${hint})` : ''}`,
  );

describe('values', () => {
  it('are YAML 1.2 core, with the octal numbers that file modes are written in', () => {
    const { value, diagnostics } = parseYaml(
      'a: 0644\nb: 0o17\nc: 08\nd: yes\ne: 1.5\nf: ~\ng: 2001-01-01\nh: +0777\n',
      't.yml',
    );
    expect(diagnostics).toEqual([]);
    expect(value).toEqual({ a: 0o644, b: 15, c: 8, d: 'yes', e: 1.5, f: null, g: '2001-01-01', h: 0o777 });
    expect(sourceText(value, 'a')).toBe('0644');
  });

  it('keep how a number was written', () => {
    const { value } = parseYaml('version: 7.0\nlist: [1, 7.10]\n', 't.yml');
    expect(sourceText(value, 'version')).toBe('7.0');
    expect(sourceText((value as { list: unknown }).list, 1)).toBe('7.10');
  });

  it('merge maps with <<, the own keys and the first map winning', () => {
    const { value } = parseYaml('a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n  y: 3\n', 't.yml');
    expect((value as { c: unknown }).c).toEqual({ x: 1, y: 3, z: 2 });
  });

  it('mark unsafe text and read all documents', () => {
    const { documents } = parseYaml("--- !unsafe '{{ x }}'\n--- 2\n", 't.yml');
    expect(documents).toEqual([new UnsafeText('{{ x }}'), 2]);
  });

  it('are null for an empty file', () => {
    expect(parseYaml('', 't.yml').value).toBeNull();
    expect(parseYaml('# only a comment\n', 't.yml').value).toBeNull();
  });
});

describe('places', () => {
  it('of merged entries are those that they came from', () => {
    const { value } = parseYaml('a: &a\n  x: 7.0\nb:\n  <<: *a\n  y: 1\n', 't.yml');
    const { b } = value as { b: object };
    expect(keySpanOf(b, 'x')?.line).toBe(2);
    expect(sourceText(b, 'x')).toBe('7.0');
  });

  it('are known for maps, lists, keys and scalars', () => {
    const { value } = parseYaml('one:\n  - two: three\n    four: [5]\n', 't.yml');
    const list = (value as { one: { four: unknown }[] }).one;
    expect(spanOf(list[0], 'two')).toEqual(at(2, 10, 2, 15));
    expect(keySpanOf(list[0], 'four')).toEqual(at(3, 5, 3, 9));
    expect(spanOf(list[0]?.four, 0)).toEqual(at(3, 12, 3, 13));
    expect(spanOf(list)).toEqual(at(2, 3, 3, 14));
  });
});

describe('mistakes', () => {
  it.each<[string, string, string[]]>([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', ['3:1 duplicate-key (remove one of them: the first is in line 1)']],
    [
      'a key that reaches a prototype',
      '__proto__: 1\nx: {constructor: 2}\n',
      ['1:1 forbidden-key', '2:5 forbidden-key'],
    ],
    ['an unquoted template', 'a: {{ b }}\n', ['1:4 unquoted-template (quote the template: a: "{{ b }}")']],
    ['an encrypted value', 'a: !vault |\n  $ANSIBLE\n', ['1:4 yaml-tag-resolve-failed']],
    ['an unknown tag', 'a: !what 1\n', ['1:4 yaml-tag-resolve-failed']],
    ['an unknown alias', 'a: *b\n', ['1:4 bad-alias']],
    ['a colon in an unquoted text', 'a: b: c\n', ['1:4 unquoted-colon (quote the value: a: "b: c")']],
  ])('%s', (_name, text, expected) => {
    expect(findings(text)).toEqual(expected);
  });

  it('are all found, not only the first', () => {
    expect(findings('a: 1\na: 2\nb: {{ c }}\nd: !x 1\n')).toHaveLength(3);
  });

  it('misread values are all told with the line as it should be, and hide no mistake around them', () => {
    const text =
      'a: {{ x }}\nb: text: more # why\nc: 1\nc: 2\nd:\n  - {{ y["k"] }}/z\n  - say: "{{ fine }}"\ne: {{ z }}\n';
    expect(findings(text).sort()).toEqual([
      '1:4 unquoted-template (quote the template: a: "{{ x }}")',
      '2:4 unquoted-colon (quote the value: b: "text: more" # why)',
      '4:1 duplicate-key (remove one of them: the first is in line 3)',
      '6:5 unquoted-template (quote the template: - \'{{ y["k"] }}/z\')',
      '8:4 unquoted-template (quote the template: e: "{{ z }}")',
    ]);
    expect(parseYaml(text, 't.yml').value).toMatchObject({ a: '{{ x }}', b: 'text: more', d: ['{{ y["k"] }}/z', {}] });
  });

  it('nesting that exhausts the stack is a finding, not a crash', () => {
    expect(findings(`a: ${'['.repeat(100_000)}`).length).toBeGreaterThan(0);
  });

  it('reading always ends, whatever the text', () => {
    const pieces = [
      'a: ',
      '- ',
      '{{',
      '}}',
      '\n',
      '  ',
      '"',
      "'",
      '|',
      '>',
      '&a ',
      '*a',
      '!vault ',
      '<<: ',
      '[',
      ']',
      ',',
      'x',
      '# ',
      '\t',
      '---\n',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (parts) => {
        for (const { span } of parseYaml(parts.join(''), 't.yml').diagnostics) expect(span?.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('an alias bomb is refused before anyone walks it', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 8; level++)
      lines.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    expect(findings(lines.join('\n'))).toContainEqual(expect.stringContaining('alias-bomb'));
  });

  it('a document that is nested too deep is refused', () => {
    expect(findings('['.repeat(150) + ']'.repeat(150))).toEqual(['1:102 too-deep']);
  });
});
