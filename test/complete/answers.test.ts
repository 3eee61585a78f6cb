import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { setEnvironment } from '../../src/template/environment.ts';
import type { Definition } from '../../src/template/functions.ts';
import { lookups } from '../../src/template/lookups/lookups.ts';
import { filters, tests } from '../../src/template/registry.ts';
import { compileText } from '../../src/template/template.ts';
import type { Scope } from '../../src/template/values.ts';
import { directoryWith } from '../engine/play.ts';
import ansible from '../template/ansible.json' with { type: 'json' };
import jinja2 from '../template/jinja2.json' with { type: 'json' };
import { environment, files, ownAnswers } from '../template/own-answers.ts';
import { scopeOf } from '../template/scope.ts';

/** An expression or template whose answer another test compares: with Jinja2's, with Ansible's, or with what stands beside it. */
interface Asked {
  readonly text: string;
  readonly template: string;
  readonly scope: Scope;
}

const dir = directoryWith(files);
setEnvironment(environment);
afterAll(() => {
  setEnvironment({});
  rmSync(dir, { recursive: true });
});

const asExpression = (scope: Scope) => (text: string) => ({ text, template: `{{ [(${text})] }}{{ '' }}`, scope });
const asTemplate = (scope: Scope) => (text: string) => ({ text, template: text, scope });
const [jinja2Scope, ansibleScope] = [scopeOf(jinja2.variables), scopeOf({ ...ansible.variables, omit: '__omit__' })];
const asked: readonly Asked[] = [
  ...jinja2.expressions.map(asExpression(jinja2Scope)),
  ...jinja2.templates.map(asTemplate(jinja2Scope)),
  ...ansible.expressions.map(asExpression(ansibleScope)),
  ...ansible.templates.map(asTemplate(ansibleScope)),
  ...ownAnswers.map(([text]) => text).map(asExpression(scopeOf({}, dir))),
];

/** Compiled texts are kept, and filters with them: a comment makes each a text of its own. */
function answer({ template, scope }: Asked, round: string): string {
  try {
    return String(compileText(`${template}{# ${round} #}`).evaluate(scope));
  } catch (error) {
    return `refused: ${String(error)}`;
  }
}

/** Those whose answer changes while a name stands for something else. */
function changed<T>(table: ReadonlyMap<string, T>, name: string, other: T, round: string, those: readonly Asked[]) {
  const real = table.get(name);
  if (real === undefined) throw new Error(`'${name}' is not in its table`);
  // What chance or the clock answers shows nothing.
  const before = those.map((one) => [answer(one, 'as it is'), answer(one, 'as it is, again')] as const);
  const open = table as Map<string, T>;
  try {
    open.set(name, other);
    return those.filter((one, index) => {
      const [first, second] = before[index] ?? [];
      return first === second && answer(one, round) !== first;
    });
  } finally {
    open.set(name, real);
  }
}

const plain = (name: string) => name.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
const naming = (pattern: (name: string) => string, name: string) => {
  const calls = new RegExp(pattern(plain(name)));
  return asked.filter(({ text }) => calls.test(text));
};

/** What there is no other way to miss: texts carry no mark of safety here, and a function is no value. */
const givesBack = 'safe';
const neverHolds = 'callable';

describe('filters', () => {
  const calls = (name: string) => `\\|\\s*(?:\\w+\\.\\w+\\.)?${name}(?!\\w)|(?:map|filter)\\(?\\s*['"]?${name}(?!\\w)`;
  it.each([...filters])('%s is missed where it does nothing', (name, real) => {
    const idle: Definition = { ...real, call: (_context, value) => value };
    const refused: Definition = { ...real, call: () => expect.unreachable(name) };
    const other = name === givesBack ? refused : idle;
    expect(changed(filters, name, other, `filter ${name}`, naming(calls, name))).not.toEqual([]);
  });
});

describe('tests', () => {
  const calls = (name: string) => `(?:\\bis\\s+(?:not\\s+)?|(?:select|reject)(?:attr)?\\([^)]*['"])${name}(?!\\w)`;
  it.each([...tests])('%s is missed where it always or never holds', (name, real) => {
    const those = naming(calls, name);
    const fixed = (verdict: boolean): Definition => ({ ...real, call: () => verdict });
    expect(changed(tests, name, fixed(true), `test ${name} holds`, those), 'always').not.toEqual([]);
    if (name === neverHolds) return;
    expect(changed(tests, name, fixed(false), `test ${name} does not`, those), 'never').not.toEqual([]);
  });
});

describe('lookups', () => {
  const calls = (name: string) => `(?:lookup|query|q)\\(\\s*['"]${name}['"]`;
  it.each([...lookups.keys()])('%s is missed where it finds nothing', (name) => {
    expect(changed(lookups, name, () => [], `lookup ${name}`, naming(calls, name))).not.toEqual([]);
  });
});
