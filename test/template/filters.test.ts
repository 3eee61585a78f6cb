import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setEnvironment } from '../../src/template/environment.ts';
import { compileExpression, compileText } from '../../src/template/template.ts';
import { type LazyMap, Unknown } from '../../src/template/values.ts';
import { directoryWith } from '../engine/play.ts';
import { environment, files, ownAnswers } from './own-answers.ts';
import { scopeOf } from './scope.ts';

const evaluate = (text: string, variables: Record<string, unknown> = {}) =>
  compileExpression(text).evaluate(scopeOf(variables));

describe('what the oracles do not know', () => {
  let dir = '';
  beforeAll(() => {
    dir = directoryWith(files);
    setEnvironment(environment);
  });
  afterAll(() => {
    setEnvironment({});
    rmSync(dir, { recursive: true });
  });

  it.each(ownAnswers)('%s', (text, expected) => {
    expect(compileExpression(text).evaluate(scopeOf({}, dir))).toEqual(expected);
  });
});

describe('filters', () => {
  it.each([
    ['[1] | joined', "there is no filter 'joined'; did you mean 'join'?"],
    ['1 is defind', "there is no test 'defind'; did you mean 'defined'?"],
    ["'a'.spilt()", "did you mean 'split'?"],
    ["[1] | join(separator=',')", "join has no argument 'separator': it takes d, attribute"],
    ["'a' | replace('a', 'b', 1, 2)", 'at most 3 arguments'],
    ["'a' + 1", "use '~' to join texts"],
    ["'{' | from_json", 'is not JSON'],
    ["1 is version('x', 'about')", "operator 'about'"],
    ["'x' | regex_search('(?>a)')", 'cannot be used'],
  ])('%s is refused with words that help', (text, message) => {
    expect(() => evaluate(text)).toThrow(message);
  });
});

describe('lazy maps', () => {
  const asked: string[] = [];
  const hosts: Record<string, unknown> = { h1: { port: 1 }, h2: { port: 2 } };
  const hostvars: LazyMap = {
    lazyMap: true,
    get: (key) => {
      asked.push(key);
      return hosts[key];
    },
    has: (key) => Object.hasOwn(hosts, key),
    keys: () => Object.keys(hosts),
  };

  it.each([
    ["hostvars['h1'].port", 1, ['h1']],
    ['hostvars.h2.port', 2, ['h2']],
    ["'h1' in hostvars and 'h9' not in hostvars", true, []],
    ['hostvars | length', 2, []],
    ['hostvars.keys() | list', ['h1', 'h2'], []],
    ["hostvars.h9 | default('none')", 'none', ['h9']],
    ["['h1', 'h2'] | map('extract', hostvars, 'port') | list", [1, 2], ['h1', 'h2']],
    ["hostvars.get('h1').port", 1, ['h1']],
    ["hostvars.items() | map('last') | sum(attribute='port')", 3, ['h1', 'h2']],
    ['hostvars is mapping', true, []],
    ['hostvars | dict2items | length', 2, ['h1', 'h2']],
  ])('%s asks only for what it needs', (text, expected, keys) => {
    asked.length = 0;
    expect(evaluate(text, { hostvars })).toEqual(expected);
    expect(asked).toEqual(keys);
  });

  it('are iterated and named in errors', () => {
    expect(
      compileText('{% for h in hostvars %}{{ h }}={{ hostvars[h].port }} {% endfor %}').evaluate(scopeOf({ hostvars })),
    ).toBe('h1=1 h2=2 ');
    expect(() => evaluate("hostvars['h3'].port", { hostvars })).toThrow("has no attribute 'h3'; did you mean 'h1'?");
  });
});

describe('whole expressions in braces', () => {
  it('are conditions too', () => {
    expect(evaluate('{{ n > 2 }}', { n: 3 })).toBe(true);
  });
});

describe('a chain of variables', () => {
  it('that never ends is an error of readable length', () => {
    const scope = {
      lookup: (): unknown => compileText('{{ a }}').evaluate(scope),
      names: () => ['a'],
    };
    expect(() => compileText('{{ a }}').evaluate(scope)).toThrow(/^in variable 'a': .*refers to itself$/);
  });

  it('passes unknown values on', () => {
    const scope = {
      lookup: (name: string) => (name === 'u' ? new Unknown('t') : compileText('x{{ u }}').evaluate(scope)),
      names: () => [],
    };
    expect(compileText('{{ a }}y').evaluate(scope)).toBeInstanceOf(Unknown);
  });
});
