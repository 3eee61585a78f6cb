import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkArgs, secretArgs, secretValues } from '../../src/playbook/arguments.ts';
import { schemaNames, schemaOf } from '../../src/playbook/schema.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';
import { Unknown, UnsafeText } from '../../src/template/values.ts';

function strict(module: string, args: Record<string, unknown>) {
  return checkArgs(module, args, true);
}

describe('after rendering', () => {
  test.each([
    ['yes', true],
    ['No', false],
    ['ON', true],
    [1, true],
    ['0', false],
    [false, false],
  ])('%j is a boolean', (value, expected) => {
    expect(strict('file', { path: '/a', recurse: value })).toMatchObject({
      args: { recurse: expected },
      diagnostics: [],
    });
  });

  test.each([
    [420, '0644'],
    ['0644', '0644'],
    ['644', '0644'],
    ['1777', '1777'],
    ['u=rw,g=r,o=', 'u=rw,g=r,o='],
    ['a+X', 'a+X'],
    [0o1777, '1777'],
    [511, '0777'],
  ])('the mode %j is %s', (value, expected) => {
    expect(strict('file', { path: '/a', mode: value })).toMatchObject({ args: { mode: expected }, diagnostics: [] });
  });

  test.each([644, 755, 600, 99999, -1, '0999', 'rw-r--r--', 'u=z', true, false])('the mode %j is refused', (value) => {
    expect(strict('file', { path: '/a', mode: value }).diagnostics.map(({ code }) => code)).toEqual(['wrong-type']);
  });

  test('texts become numbers, numbers texts, and one value a list', () => {
    expect(strict('wait_for', { port: '6379', host: 'h' })).toMatchObject({ args: { port: 6379 }, diagnostics: [] });
    expect(strict('file', { path: '/a', owner: 1000 })).toMatchObject({ args: { owner: '1000' }, diagnostics: [] });
    expect(strict('command', { argv: 'a, b' })).toMatchObject({ args: { argv: ['a, b'] }, diagnostics: [] });
    expect(strict('user', { name: 'redis', groups: 'a, b' })).toMatchObject({
      args: { groups: ['a', 'b'] },
      diagnostics: [],
    });
  });

  test('aliases become the argument, defaults are filled in, empty values count as not given', () => {
    const { args, diagnostics } = strict('file', { dest: '/a', owner: null });
    expect(diagnostics).toEqual([]);
    expect(args).toMatchObject({ path: '/a', follow: true, recurse: false });
    expect(args).not.toHaveProperty('owner');
    expect(args).not.toHaveProperty('dest');
  });

  test('an argument under two names is a mistake', () => {
    expect(strict('file', { path: '/a', dest: '/b' }).diagnostics.map(({ code }) => code)).toEqual([
      'duplicate-argument',
    ]);
  });

  test('three mistakes give three messages', () => {
    const { diagnostics } = strict('file', { pth: '/a', state: 'directry', recurse: 'maybe' });
    expect(diagnostics.map(({ code, message, hint }) => `${code}: ${message} (${hint})`)).toEqual([
      'unknown-argument: unknown argument "pth" of file (did you mean "path"?)',
      'wrong-value: state must be one of absent, directory, file, hard, link, touch, not "directry" (did you mean "directory"?)',
      'wrong-type: recurse must be true or false, not "maybe" (undefined)',
    ]);
  });

  test('what arguments demand of each other', () => {
    expect(strict('file', { path: '/a', state: 'link' }).diagnostics.map(({ message }) => message)).toEqual([
      'file needs "src" when state is link',
    ]);
    expect(strict('command', {}).diagnostics.map(({ message }) => message)).toEqual([
      'command needs one of "_raw", "cmd", "argv"',
    ]);
    expect(strict('command', { cmd: 'a', argv: ['b'] }).diagnostics.map(({ code }) => code)).toEqual([
      'conflicting-arguments',
    ]);
  });

  test('an argument of Ansible that is refused says why', () => {
    const [diagnostic] = strict('file', { path: '/a', unsafe_writes: true }).diagnostics;
    expect(diagnostic?.code).toBe('unsupported-argument');
    expect(diagnostic?.hint).toContain('as a whole');
  });

  test('a text marked !unsafe is text, and what is not known yet is left alone', () => {
    expect(strict('debug', { msg: new UnsafeText('{{ x }}') }).diagnostics).toEqual([]);
    const unknown = new Unknown('a task');
    expect(strict('file', { path: '/a', owner: unknown }).args.owner).toBe(unknown);
  });
});

describe('when a playbook is loaded', () => {
  function load(yaml: string, module: string) {
    const { value } = parseYaml(yaml, 'args.yml');
    return checkArgs(module, value as Record<string, unknown>, false);
  }

  test('templates may stand anywhere and values stay as they are written', () => {
    const { args, diagnostics } = load(
      'dest: "{{ a }}"\nrecurse: "{{ b }}"\nmode: "{{ c }}"\nstate: "{{ d }}"\n',
      'file',
    );
    expect(diagnostics).toEqual([]);
    expect(args).toEqual({ path: '{{ a }}', recurse: '{{ b }}', mode: '{{ c }}', state: '{{ d }}' });
  });

  test('findings stand on the line of their argument', () => {
    const { diagnostics } = load('path: /a\nrecurse: maybe\nmode: 644\nownr: x\nowner: 7.0\ngroup: [a]\n', 'file');
    const found = diagnostics.map(({ span, code }) => `${span?.line}:${span?.column} ${code}`).sort();
    expect(found).toEqual([
      '2:10 wrong-type',
      '3:7 wrong-type',
      '4:1 unknown-argument',
      '5:8 wrong-type',
      '6:8 wrong-type',
    ]);
  });

  test('an octal without quotes is what Ansible users mean by it', () => {
    expect(load('path: /a\nmode: 0644\n', 'file').diagnostics).toEqual([]);
    expect(load('path: /a\nmode: 0o755\n', 'file').diagnostics).toEqual([]);
  });

  test('a rendered copy is judged where its source stands', () => {
    const { value } = parseYaml('path: /a\nrecurse: "{{ x }}"\n', 'args.yml');
    const { diagnostics } = checkArgs('file', { path: '/a', recurse: 'maybe' }, true, value);
    expect(diagnostics.map(({ span }) => span?.line)).toEqual([2]);
  });
});

test('any arguments of any module are judged without an exception, and what passes, passes again', () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string()),
    fc.object({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...schemaNames), fc.infiniteStream(value), (module, values) => {
      const names = Object.keys(schemaOf(module)?.properties ?? {});
      const args = Object.fromEntries(names.map((name) => [name, values.next().value]));
      const first = checkArgs(module, args, true);
      if (first.diagnostics.length > 0) return;
      const again = checkArgs(module, first.args, true);
      expect(again.diagnostics).toEqual([]);
      expect(again.args).toEqual(first.args);
    }),
    { numRuns: 500 },
  );
});

test('every default of every module passes its own schema', () => {
  for (const module of schemaNames) {
    const defaults = Object.entries(schemaOf(module)?.properties ?? {}).filter(
      ([, part]) => part.default !== undefined,
    );
    const args = Object.fromEntries(defaults.map(([name, part]) => [name, part.default]));
    const wrong = checkArgs(module, args, true).diagnostics.filter(({ code }) => !/missing|conflicting/.test(code));
    expect({ module, wrong }).toEqual({ module, wrong: [] });
  }
});

test('secrets are found by their schema, inside lists and maps too', () => {
  expect(secretArgs('file')).toEqual([]);
  expect(secretArgs('user')).toContain('password');
  expect([...secretValues('user', { name: 'redis', password: 'hash' })]).toEqual(['hash']);
});
