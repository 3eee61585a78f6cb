import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { str } from '../../src/template/python-text.ts';
import { compileExpression, compileText, renderDocument, renderValue } from '../../src/template/template.ts';
import { TemplateError, UndefinedNameError, Unknown, UnsafeText } from '../../src/template/values.ts';
import { scopeOf } from './scope.ts';

const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' });
const empty = scopeOf({});

/** Texts that look like templates more often than chance would make them. */
const templateLike = fc
  .array(
    fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      '{#',
      '#}',
      ' ',
      'if',
      'endif',
      'for x in y',
      'endfor',
      'set a = ',
      'a',
      '.b',
      '[0]',
      "'",
      '"',
      '|',
      'default',
      '(',
      ')',
      '-',
      '+',
      '1',
      'not',
      'is',
      'defined',
      '\n',
      '{',
      '}',
      'é',
      '**',
      '~',
      'raw',
      'endraw',
      ',',
      ':',
      '\\',
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

const expressionLike = fc
  .array(
    fc.constantFrom(
      'a',
      'b.c',
      '1',
      '2.5',
      "'x'",
      '+',
      '-',
      '*',
      '//',
      '%',
      '**',
      '==',
      '<',
      'in',
      'not',
      'and',
      'or',
      'if',
      'else',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '|',
      'length',
      'is',
      'defined',
      'none',
      '~',
      '.',
      'list',
      'split',
      '()',
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(' '));

function settles(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof UndefinedNameError)) throw error;
  }
}

describe('whatever the text', () => {
  it('a template gives a value or an error of its own kind', () => {
    const scope = scopeOf({ a: { b: [1] }, x: 'x', y: [1, 2] });
    fc.assert(
      fc.property(templateLike, (text) => settles(() => compileText(text).evaluate(scope))),
      { numRuns: 3000 },
    );
  });

  it('an expression gives a value or an error of its own kind', () => {
    const scope = scopeOf({ a: [3, 'x'], b: { c: 'text' } });
    fc.assert(
      fc.property(expressionLike, (text) => settles(() => compileExpression(text).evaluate(scope))),
      { numRuns: 3000 },
    );
  });

  it('an error points into the text', () => {
    fc.assert(
      fc.property(templateLike, (text) => {
        try {
          compileText(text).evaluate(empty);
        } catch (error) {
          const { offset } = error as { offset?: number };
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('a regular expression gives a value or an error of its own kind', () => {
    const pieces = fc.constantFrom(
      'a',
      '.',
      '*',
      '+?',
      '(',
      ')',
      '[',
      ']',
      '^',
      '$',
      '\\d',
      '\\w',
      '|',
      '{2}',
      '{',
      '}',
      '-',
      '(?P<n>',
      '\\1',
      '(?i)',
      '[^',
      '\\',
      '\\.',
      '/',
      'é',
      '#',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), fc.string({ maxLength: 20 }), (parts, subject) => {
        const scope = scopeOf({ pattern: parts.join(''), subject });
        settles(() => compileExpression("subject | regex_replace(pattern, '-')").evaluate(scope));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('values from outside', () => {
  it('are never rendered, however they look', () => {
    fc.assert(
      fc.property(templateLike, (text) => {
        const scope = scopeOf({ fact: text, secret: 's' });
        expect(compileText('{{ fact }}').evaluate(scope)).toBe(text);
        expect(compileText('<{{ fact }}>').evaluate(scope)).toBe(`<${text}>`);
        expect(renderDocument('<{{ fact }}>', scope)).toBe(`<${text}>`);
        expect(renderValue({ a: new UnsafeText(text) }, scope)).toEqual({ a: text });
      }),
    );
  });

  it('keep value and type through one whole expression', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(compileText('{{ v }}').evaluate(scopeOf({ v: value }))).toEqual(value);
      }),
    );
  });

  it('come back from JSON as they were', () => {
    fc.assert(
      fc.property(json, (value) => {
        const back = compileText('{{ v | to_json | from_json }}').evaluate(scopeOf({ v: value }));
        expect(JSON.stringify(back)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each(['to_yaml', 'to_nice_yaml(indent=2)', 'to_nice_yaml'])('come back from %s as they were', (filter) => {
    fc.assert(
      fc.property(json, (value) => {
        const back = compileText(`{{ v | ${filter} | from_yaml }}`).evaluate(scopeOf({ v: value }));
        expect(JSON.stringify(sorted(back))).toBe(JSON.stringify(sorted(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('survive base64, quoting of regular expressions, and splitting', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    fc.assert(
      fc.property(text, (value) => {
        const scope = scopeOf({ v: value });
        expect(compileExpression('v | b64encode | b64decode').evaluate(scope)).toBe(value);
        expect(compileExpression("v | regex_search(v | regex_escape) or ''").evaluate(scope)).toBe(value);
        expect(compileExpression("v.split(',') | join(',')").evaluate(scope)).toBe(value);
      }),
    );
  });
});

describe('integers', () => {
  const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });

  it('divide as Python says: a == (a // b) * b + a % b', () => {
    fc.assert(
      fc.property(
        whole,
        whole.filter((b) => b !== 0n),
        (a, b) => {
          const scope = scopeOf({ a, b });
          expect(compileExpression('(a // b) * b + a % b == a').evaluate(scope)).toBe(true);
          expect(compileExpression('(a % b == 0) or ((a % b < 0) == (b < 0))').evaluate(scope)).toBe(true);
        },
      ),
    );
  });

  it('are exact beyond what a double holds', () => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        const scope = scopeOf({ a, b });
        expect(str(compileExpression('a * b + 1').evaluate(scope))).toBe(String(a * b + 1n));
      }),
    );
  });
});

describe('slices', () => {
  it('reverse, and cut at any place', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: -12, max: 12 }), (list, at) => {
        const scope = scopeOf({ list, at });
        expect(compileExpression('list[::-1]').evaluate(scope)).toEqual([...list].reverse());
        expect(compileExpression('list[:at] + list[at:]').evaluate(scope)).toEqual(list);
        expect(compileExpression('list[at:]').evaluate(scope)).toEqual(list.slice(at));
      }),
    );
  });
});

describe('unknown values', () => {
  it('make unknown whatever is computed from them', () => {
    const unknown = new Unknown('task');
    const operation = fc.constantFrom(
      'u + 1',
      'u.x',
      'u[0]',
      'u | length',
      'not u',
      'u == 1',
      '1 in u',
      "u ~ 'x'",
      '-u',
      'u is none',
      'u.split()',
      "'%s' % u",
      '[u] | sum',
      'u[1:]',
      'l[u]',
      'l | map(attribute=u) | list',
      '1 if u else 2',
      'u < 1 < 2',
    );
    fc.assert(
      fc.property(operation, (text) => {
        expect(compileExpression(text).evaluate(scopeOf({ u: unknown, l: [{}] }))).toBe(unknown);
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
