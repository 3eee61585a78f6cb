import { describe, expect, it } from 'vitest';
import { compileExpression, compileText } from '../../src/template/template.ts';
import { type LazyMap, Unknown } from '../../src/template/values.ts';
import { scopeOf } from './scope.ts';

const evaluate = (text: string, variables: Record<string, unknown> = {}) =>
  compileExpression(text).evaluate(scopeOf(variables));

/** What the oracles of this machine do not know, or print differently. */
describe('filters', () => {
  it.each([
    ["'/a/../b/./c//d/' | normpath", '/b/c/d'],
    ["[{'a': {'b': 1}}, {'a': {'b': 2}}] | json_query('[].a.b')", [1, 2]],
    ["{'h': [{'n': 'x', 'up': true}, {'n': 'y', 'up': false}]} | json_query('h[?up].n | [0]')", 'x'],
    ["{} | json_query('constructor')", null],
    ["{'a': {}} | json_query('a.__proto__')", null],
    ["[1.5, 2] | json_query('max(@)')", 2],
    ["['/a/b/c', '/a/b/d'] | commonpath", '/a/b'],
    ["'aaa' | regex_replace('a', 'b', count=2)", 'bba'],
    ["'inf' | float", Number.POSITIVE_INFINITY],
    ["'a1b22' | regex_findall('\\\\d+')", ['1', '22']],
    ["[1, 2, 3] | shuffle(seed='h1') | length", 3],
    ["100 | random(seed='h1') == 100 | random(seed='h1')", true],
    ["'%Y' | strftime(0, utc=true)", '1970'],
    [
      "'Hello world!' | password_hash('sha512', 'saltstring')",
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ["'a' | password_hash('sha256', 'x')", '$5$x$85aGabM7xSEYcp0wkefjwtqWAYi1Rrq3b01Gtllmmh7'],
    [
      "('é' * 20) | password_hash('sha512', 'abcdefghijklmnop', rounds=1234)",
      '$6$rounds=1234$abcdefghijklmnop$GA653AdpTAKKMRUMs3hS7Fp2HrYgjQ.EmQOdsi2LWyzd45NdSaWgh/Hh1vBfuaI7XccZcGm.ZRj0KJU0lxVO7/',
    ],
    ["{'a': none} | dict2items", [{ key: 'a', value: null }]],
    ["'10.0.0.1' | ipaddr", '10.0.0.1'],
    ["'10.0.0.1/24' | ansible.utils.ipaddr('prefix')", 24],
    ["'10.0.0.1/24' | ipaddr('address')", '10.0.0.1'],
    ["'10.0.0.300' | ipaddr", false],
    ["'10.0.0.1/33' | ipaddr", false],
    ["['::1', 'x', '10.0.0.1'] | ipv6", ['::1']],
    ["['::1', 'x', '10.0.0.1'] | ipv4", ['10.0.0.1']],
    ["['::1', '10.0.0.1', 'h1'] | map('ipwrap')", ['[::1]', '10.0.0.1', 'h1']],
    ["{'failed': false} is ok", true],
    ["'x' | default('y', true)", 'x'],
    ["'a' is key({'a': 1}) and 'b' is not key({'a': 1})", true],
    ["{'timedout': {'period': 1}} is timedout and {} is not timedout", true],
    ['namespace(x=1) is namespace and {} is not namespace', true],
    ["{'b': 1, 'a': 2} | to_nice_yaml(sort_keys=false)", 'b: 1\na: 2\n'],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

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
