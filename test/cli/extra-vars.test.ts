import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseExtraVars } from '../../src/cli/extra-vars.ts';
import { InputError } from '../../src/errors/errors.ts';
import { sourceText, spanOf } from '../../src/source/positions.ts';
import { directoryOf } from './program.ts';

describe('parseExtraVars', () => {
  it.each([
    ['a=1 b="x y"', { a: '1', b: 'x y' }],
    ["a='1=2' b=", { a: '1=2', b: '' }],
    ['a="q\\"q" b=it\'s', { a: 'q"q', b: "it's" }],
    ['{"a": 1, "b": [true]}', { a: 1, b: [true] }],
    ['a: 1', { a: 1 }],
    ['{a: {b: c}}', { a: { b: 'c' } }],
  ])('%s', (text, expected) => {
    expect(parseExtraVars([text]).vars).toEqual(expected);
  });

  it('reads files, lets later ones win, and keeps places', () => {
    const file = join(directoryOf({ 'x.yml': 'a: 1\nversion: 7.0\n' }), 'x.yml');
    const { vars } = parseExtraVars([`@${file}`, 'a=2 c=3']);
    expect(vars).toEqual({ a: '2', version: 7, c: '3' });
    expect(spanOf(vars, 'version')).toMatchObject({ file, line: 2, column: 10 });
    expect(sourceText(vars, 'version')).toBe('7.0');
    expect(spanOf(vars, 'c')).toMatchObject({ file: '--extra-vars (2)', line: 1, column: 7 });
  });

  it('tells all mistakes of all of them', () => {
    const mistakes = (texts: string[]): string[] => {
      try {
        parseExtraVars(texts);
      } catch (error) {
        if (error instanceof InputError)
          return error.diagnostics.map(({ code, span }) => `${code} ${span?.file}:${span?.column}`);
      }
      return [];
    };
    expect(mistakes(['a', '[1]', 'b=1 c'])).toEqual([
      'extra-vars --extra-vars (1):1',
      'wrong-type --extra-vars (2):1',
      'extra-vars --extra-vars (3):5',
    ]);
  });
});
