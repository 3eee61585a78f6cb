import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setEnvironment } from '../../src/template/environment.ts';
import { compileExpression, lookupItems } from '../../src/template/template.ts';
import { Unknown } from '../../src/template/values.ts';
import { scopeOf } from './scope.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rcdeploy-lookups-'));
  mkdirSync(join(dir, 'files'));
  mkdirSync(join(dir, 'templates'));
  writeFileSync(join(dir, 'files', 'a.txt'), 'text {{ n }}\n\n');
  writeFileSync(join(dir, 'templates', 'b.j2'), 'n={{ n }}\n{% if true %}\nx\n{% endif %}\n');
  writeFileSync(join(dir, 'one.conf'), '1');
  writeFileSync(join(dir, 'two.conf'), '2');
  setEnvironment({ HOME: '/home/op', GREETING: 'hi', PATH: '/usr/bin:/bin' });
});
afterAll(() => {
  setEnvironment({});
  rmSync(dir, { recursive: true });
});

const evaluate = (text: string, variables: Record<string, unknown> = {}) =>
  compileExpression(text).evaluate(scopeOf({ n: 3, ...variables }, dir));

describe('lookups', () => {
  it('read the environment that they were given, and no other', () => {
    expect(evaluate("lookup('env', 'GREETING')")).toBe('hi');
    expect(evaluate("lookup('env', 'TMPDIR') ~ lookup('env', 'USER')")).toBe('');
    expect(evaluate("lookup('env', 'NONE', default='d')")).toBe('d');
    expect(evaluate("'~/x' | expanduser")).toBe('/home/op/x');
    expect(evaluate("'$GREETING $NONE' | expandvars")).toBe('hi $NONE');
  });

  it('find files beside the source, in files/ first, and never render them', () => {
    expect(evaluate("lookup('file', 'a.txt')")).toBe('text {{ n }}');
    expect(evaluate("lookup('file', 'a.txt', rstrip=false)")).toBe('text {{ n }}\n\n');
    expect(() => evaluate("lookup('file', 'nope.txt')")).toThrow(`${dir}/files/nope.txt`);
  });

  it('read files that need no vault as they are', () => {
    expect(evaluate("lookup('unvault', 'a.txt')")).toBe('text {{ n }}\n\n');
  });

  it('render template files', () => {
    expect(evaluate("lookup('template', 'b.j2')")).toBe('n=3\nx\n');
    expect(evaluate("lookup('template', 'b.j2', template_vars={'n': 4})")).toBe('n=4\nx\n');
    expect(evaluate("lookup('template', 'b.j2')", { n: new Unknown('t') })).toBeInstanceOf(Unknown);
  });

  it('match files by pattern', () => {
    expect(evaluate("query('fileglob', '*.conf') | map('basename')")).toEqual(['one.conf', 'two.conf']);
    expect(evaluate("lookup('first_found', ['nope', 'two.conf'])")).toBe(join(dir, 'two.conf'));
  });

  it('keep a password in a file that only its owner can read', () => {
    const first = evaluate("lookup('password', 'secrets/pw length=24 chars=ascii_letters,digits')");
    expect(first).toMatch(/^[A-Za-z\d]{24}$/);
    expect(evaluate("lookup('password', 'secrets/pw')")).toBe(first);
    const path = join(dir, 'secrets/pw');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe(`${String(first)}\n`);
  });

  it('make no password in check mode', () => {
    expect(evaluate("lookup('password', 'new/pw')", { ansible_check_mode: true })).toBeInstanceOf(Unknown);
    expect(() => statSync(join(dir, 'new'))).toThrow('ENOENT');
  });

  it('run commands, whose failure is an error', () => {
    writeFileSync(join(dir, 'say'), '#!/bin/sh\necho "$GREETING"; pwd\n');
    chmodSync(join(dir, 'say'), 0o755);
    expect(evaluate("lookup('pipe', './say')")).toBe(`hi\n${dir}`);
    expect(() => evaluate("lookup('pipe', 'echo no >&2; exit 3')")).toThrow('status 3: no');
  });

  it('refuse names and options that they do not know', () => {
    expect(() => evaluate("lookup('fiel', 'a.txt')")).toThrow("did you mean 'file'?");
    expect(() => evaluate("lookup('file', 'a.txt', nope=1)")).toThrow("no option 'nope'");
  });

  it('test paths of the control machine', () => {
    expect(
      evaluate("(d ~ '/files') is directory and (d ~ '/one.conf') is file and (d ~ '/x') is not exists", { d: dir }),
    ).toBe(true);
  });
});

describe('lookupItems', () => {
  it.each([
    ['dict', { a: 1 }, [{ key: 'a', value: 1 }]],
    ['items', [1, [2, 3]], [1, 2, 3]],
    ['items', 'x', ['x']],
    ['sequence', 'start=1 end=2', ['1', '2']],
    [
      'together',
      [
        ['a', 'b'],
        [1, 2],
      ],
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
    ['subelements', [[{ n: 1, k: ['x'] }], 'k'], [[{ n: 1 }, 'x']]],
  ])('makes the items of with_%s', (name, value, expected) => {
    const items = lookupItems(name, value, scopeOf({}));
    expect(JSON.stringify(items)).toBe(JSON.stringify(expected));
  });

  it('passes unknown values on', () => {
    expect(lookupItems('dict', new Unknown('t'), scopeOf({}))).toBeInstanceOf(Unknown);
  });
});
