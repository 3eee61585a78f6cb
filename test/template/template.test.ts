import { describe, expect, it } from 'vitest';
import { compileExpression, compileText, renderDocument, renderValue } from '../../src/template/template.ts';
import { TemplateError, UndefinedNameError, Unknown, UnsafeText } from '../../src/template/values.ts';
import { scopeOf } from './scope.ts';

const scope = scopeOf({
  n: 3,
  list: [1, 2],
  map: { key: 'v' },
  none: null,
  redis_port: 6379,
  unknown: new Unknown('task x'),
});
const text = (source: string) => compileText(source).evaluate(scope);

function failure(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('compileText', () => {
  it('keeps the native type of one whole expression', () => {
    expect(text('{{ n }}')).toBe(3);
    expect(text('{{ list }}')).toEqual([1, 2]);
    expect(text('{{ none }}')).toBeNull();
    expect(text('{{ n > 2 }}')).toBe(true);
  });

  it('makes text of everything else, as Python prints it', () => {
    expect(text('n={{ n }} {{ list }} {{ map }} {{ true }} [{{ none }}]')).toBe("n=3 [1, 2] {'key': 'v'} True []");
    expect(text('{{ 4 / 2 }};')).toBe('2.0;');
    expect(text('{{ n }}\n')).toBe('3\n');
  });

  it('keeps text without templates, braces included', () => {
    expect(text('plain { } text\n')).toBe('plain { } text\n');
    expect(compileText('plain').isConstant).toBe(true);
  });

  it('gives null for a template that puts out nothing', () => {
    expect(text('{% if n > 5 %}x{% endif %}')).toBeNull();
  });

  it('never renders its own output', () => {
    const evil = scopeOf({ stdout: '{{ secret }}', secret: 's' });
    expect(compileText('a {{ stdout }}').evaluate(evil)).toBe('a {{ secret }}');
  });
});

describe('undefined names', () => {
  it('are named, with the nearest name and the offset', () => {
    const error = failure(() => text('port {{ redis_prot }}'));
    expect(error).toBeInstanceOf(UndefinedNameError);
    expect(error).toMatchObject({ variable: 'redis_prot', nearest: 'redis_port', offset: 8 });
  });

  it('name the key that a map does not have', () => {
    const error = failure(() => text('{{ map.kez }}'));
    expect(error).toMatchObject({ variable: 'kez', nearest: 'key' });
    expect(String(error)).toContain("'dict object' has no attribute 'kez'");
  });

  it.each([
    ["{{ nope | default('d') }}", 'd'],
    ["{{ nope.a.b | d('d') }}", 'd'],
    ["{{ map.nope['x'] | default('d') }}", 'd'],
    ['{{ nope is defined }}', false],
    ['{{ nope is undefined }}', true],
    ['{{ false and nope }}', false],
    ['{{ true or nope }}', true],
    ['{{ [1, nope] | select("defined") | list }}', [1]],
    ['{{ [] | first | default(7) }}', 7],
  ])('are guarded in %s', (source, expected) => {
    expect(text(source)).toEqual(expected);
  });

  it('do not leave inside a list', () => {
    expect(() => text('{{ [1, nope] }}')).toThrow(UndefinedNameError);
  });

  it('count as undefined through a variable that needs them', () => {
    const through = {
      ...scope,
      lookup: (name: string) => (name === 'outer' ? compileText('{{ inner }}').evaluate(scope) : scope.lookup(name)),
    };
    expect(compileText("{{ outer | default('d') }}").evaluate(through)).toBe('d');
    expect(failure(() => compileText('12345 {{ outer }}').evaluate(through))).toMatchObject({
      variable: 'inner',
      offset: 9,
    });
  });
});

describe('unknown values', () => {
  it.each([
    '{{ unknown }}',
    'a {{ unknown }} b',
    '{{ unknown.stdout == "x" }}',
    '{{ unknown.stdout is defined }}',
    '{{ unknown | default(1) }}',
    '{{ unknown.rc | int + 1 }}',
    '{{ "a" if unknown.rc == 0 else "b" }}',
    '{% for i in unknown.stdout_lines %}{{ i }}{% endfor %}',
    '{{ unknown and n }}',
    '{{ [unknown] | join(",") }}',
    '{{ list[unknown] }}',
    '{{ map | combine(unknown) }}',
    '{{ "x".startswith(unknown) }}',
  ])('spread through %s', (source) => {
    expect(text(source)).toBeInstanceOf(Unknown);
  });

  it('do not matter where they are not needed', () => {
    expect(text('{{ unknown is defined }}')).toBe(true);
    expect(text('{{ n if true else unknown }}')).toBe(3);
    expect(text('{{ false and unknown }}')).toBe(false);
    expect(text('{{ n | default(unknown) }}')).toBe(3);
  });
});

describe('what templates cannot reach', () => {
  it.each([
    '{{ map.__proto__ }}',
    "{{ map['constructor'] }}",
    '{{ map.toString }}',
    "{{ ''.__class__ }}",
    '{{ list.length }}',
    '{{ n.toFixed }}',
  ])('%s is undefined', (source) => {
    expect(() => text(source)).toThrow(UndefinedNameError);
  });

  it.each(['{{ map.hasOwnProperty("key") }}', '{{ "x".constructor("y") }}', '{{ list.map(n) }}', '{{ n.toFixed(2) }}'])(
    '%s cannot be called',
    (source) => {
      expect(() => text(source)).toThrow(TemplateError);
    },
  );

  it('sets no prototype through a key', () => {
    const made = text("{{ {'__proto__': {'polluted': 1}} }}");
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(text("{{ {'__proto__': {'polluted': 1}}.polluted is defined }}")).toBe(false);
  });

  it('changes no variable in place', () => {
    expect(() => text('{{ list.append(3) }}')).toThrow('would change a variable in place');
    expect(text('{% set l = list | list %}{% set _ = l.append(3) %}{{ l }}')).toEqual([1, 2, 3]);
    expect(scope.lookup('list')).toEqual([1, 2]);
  });
});

describe('limits', () => {
  it.each([
    ["{{ 'x' * 100000000 }}", 'characters'],
    ['{{ range(1000000000) | list }}', 'elements'],
    ['{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}', 'steps'],
    ["{% for a in range(1000000) %}{{ 'xxxxxxxxxxxxxxxxxxxx' }}{% endfor %}", 'characters'],
    ['{{ 9 ** 99999999 }}', 'too large'],
    ["{{ ('a' * 40 ~ 'b') | regex_search('(a+)+$') }}", 'ms'],
    ["{{ ('a' * 60 ~ 'b') | regex_search('(a{1,30}){1,30}$') }}", 'ms'],
    ['{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}', 'too large'],
    ['{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', 'nested too deeply'],
    ['{% set l = [] %}{% set m = [l] %}{% set _ = l.append(m) %}{{ l }}', 'contains itself'],
    [`{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, 'nested too deeply'],
  ])('hold for %.40s', (source, reason) => {
    expect(() => text(source)).toThrow(reason);
  });
});

describe('syntax errors', () => {
  it.each([
    ['{{ 1 + }}', 7],
    ['{{ foo', 2],
    ['{{ a b }}', 5],
    ['ab {% if x %}', 3],
    ['{% endif %}', 0],
    ["{{ 'abc }}", 3],
    ['{{ x | nope }}', 7],
    ['{{ [1, 2 }}', 9],
    ['{% nope %}', 0],
    ['{{ }}', 0],
  ])('%s is refused at its place', (source, offset) => {
    expect(failure(() => compileText(source))).toMatchObject({ name: 'TemplateError', offset });
  });

  it('tell where a failing filter stands', () => {
    expect(failure(() => text("ab {{ n + 'x' }}"))).toMatchObject({ name: 'TemplateError', offset: 8 });
    expect(failure(() => text("{{ 'x' | from_json }}"))).toMatchObject({ name: 'TemplateError', offset: 9 });
  });
});

describe('names', () => {
  const namesOf = (source: string) => {
    const { names, guardedNames } = compileText(source);
    return [[...names].sort(), [...guardedNames].sort()];
  };

  it.each([
    ['{{ a.b[c] }}', ['a', 'c'], []],
    ["{{ a | default('x') }}", [], ['a']],
    ['{{ a is defined and a.b }}', [], ['a']],
    ['{{ a is not defined or a.b == c }}', ['c'], ['a']],
    ['{{ a.b if a is defined else c }}', ['c'], ['a']],
    ['{% if a is defined %}{{ a }}{% else %}{{ b }}{% endif %}', ['b'], ['a']],
    ['{{ a }}{{ a | default(1) }}', ['a'], []],
    ['{% for x in xs %}{{ x }}{{ loop.index }}{{ y }}{% endfor %}', ['xs', 'y'], []],
    ['{% set x = a %}{{ x }}', ['a'], []],
    ["{{ lookup('env', e) }}{{ range(n) }}", ['e', 'n'], []],
    ['{% macro m(p, q=d) %}{{ p }}{{ q }}{{ r }}{% endmacro %}{{ m(1) }}', ['d', 'r'], []],
    ['{{ a | default(b) }}', ['b'], ['a']],
    ['{{ hostvars[h].x | default(y | default(z)) }}', ['h', 'z'], ['hostvars', 'y']],
  ])('of %s', (source, used, guarded) => {
    expect(namesOf(source)).toEqual([used, guarded]);
  });

  it('make a template constant or not', () => {
    expect(compileText('{{ 1 + 1 }}').isConstant).toBe(true);
    expect(compileText("{{ lookup('pipe', 'date') }}").isConstant).toBe(false);
    expect(compileText('{{ [1, 2] | random }}').isConstant).toBe(false);
  });
});

describe('renderValue', () => {
  it('gives back the same value when there is nothing to render', () => {
    const value = { a: [1, { b: 'x' }], c: null };
    expect(renderValue(value, scope)).toBe(value);
  });

  it('renders deeply, keys too, and keeps what has not changed', () => {
    const same = { x: 1 };
    const rendered = renderValue({ 'port_{{ n }}': ['{{ n }}', same], same }, scope) as Record<string, unknown>;
    expect(rendered).toEqual({ port_3: [3, { x: 1 }], same: { x: 1 } });
    expect(rendered.same).toBe(same);
  });

  it('never renders unsafe text', () => {
    expect(renderValue({ a: new UnsafeText('{{ n }}') }, scope)).toEqual({ a: '{{ n }}' });
    const unsafe = scopeOf({ u: new UnsafeText('{{ n }}') });
    expect(compileText('{{ u }}!').evaluate(unsafe)).toBe('{{ n }}!');
  });
});

describe('renderDocument', () => {
  it('drops line ends behind blocks and keeps the last one', () => {
    const source = 'a\n{% for i in list %}\n{{ i }}\n{% endfor %}\nz\n';
    expect(renderDocument(source, scope)).toBe('a\n1\n2\nz\n');
  });

  it('obeys the #jinja2: line', () => {
    const source = '#jinja2: trim_blocks: False, lstrip_blocks: True\n  {% if true %}\nx\n  {% endif %}\n';
    expect(renderDocument(source, scope)).toBe('\nx\n\n');
  });

  it('always gives text', () => {
    expect(renderDocument('{{ n }}', scope)).toBe('3');
    expect(renderDocument('', scope)).toBe('');
  });
});

describe('compileExpression', () => {
  it('evaluates bare expressions', () => {
    expect(compileExpression("n == 3 and map.key == 'v'").evaluate(scope)).toBe(true);
    expect(() => compileExpression('n ==')).toThrow(TemplateError);
    expect(() => compileExpression('')).toThrow(TemplateError);
  });
});
