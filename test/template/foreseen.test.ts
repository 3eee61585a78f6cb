import { expect, it } from 'vitest';
import { foresee, parsedJson } from '../../src/template/foreseen.ts';
import { compileExpression, compileText, parsedTemplate } from '../../src/template/template.ts';
import { scopeOf } from './scope.ts';

it('compiles a template that is known from the build when it is first rendered', () => {
  const known = { names: ['seen'], guardedNames: ['maybe'], isConstant: false };
  foresee([{ ...known, kind: 'text', text: '{{ a + 1 }} {{' }]);
  const broken = compileText('{{ a + 1 }} {{');
  expect([...broken.names, ...broken.guardedNames]).toEqual(['seen', 'maybe']);
  expect(() => broken.evaluate(scopeOf({}))).toThrow('}}');

  foresee([
    { ...known, kind: 'text', text: '{{ a + 2 }}' },
    { ...known, kind: 'expression', text: 'a + 3' },
  ]);
  expect(compileText('{{ a + 2 }}').evaluate(scopeOf({ a: 1 }))).toBe(3);
  expect(compileExpression('a + 3').evaluate(scopeOf({ a: 1 }))).toBe(4);
  expect(compileExpression('a + 3', true).evaluate(scopeOf({ a: 2 }))).toBe(5);
});

it('renders what the build has parsed', () => {
  const known = { names: [], guardedNames: [], isConstant: false };
  const parsed = (kind: 'text' | 'expression', text: string) => {
    const json = parsedJson(parsedTemplate(kind, text));
    if (json === undefined) throw new Error(`JSON cannot hold ${text}`);
    return json;
  };
  const lines = parsed('text', '{% for x in items if x %}{{ x ~ 1 }},{% endfor %}{{ a[:2] | default("none") }}');
  foresee([
    { ...known, kind: 'text', text: '{{ asked }}', parsed: lines },
    { ...known, kind: 'expression', text: 'asked', parsed: parsed('expression', 'a is defined and a != none') },
  ]);
  expect(compileText('{{ asked }}').evaluate(scopeOf({ items: [0, 2, 3], a: [4, 5, 6] }))).toBe('21,31,[4, 5]');
  expect(compileExpression('asked').evaluate(scopeOf({ a: 1 }))).toBe(true);
  expect(compileExpression('asked', true).evaluate(scopeOf({}))).toBe(false);
});

it.each([Number.POSITIVE_INFINITY, -0, new Map(), [undefined], { a: [() => 1] }, 1n])(
  'JSON cannot hold %s',
  (value) => {
    expect(parsedJson(value)).toBeUndefined();
  },
);
