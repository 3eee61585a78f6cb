import { expect, it } from 'vitest';
import { foresee } from '../../src/template/foreseen.ts';
import { compileExpression, compileText } from '../../src/template/template.ts';
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
