import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Care, fuse, unfuse } from '../../src/engine/fuse.ts';
import { JOINED_FUNCTION, SHORT_FUNCTION, TEXTS_FUNCTION } from '../../src/sh/builtin-reads.ts';
import { contained } from '../../src/sh/contained.ts';
import { shells } from '../sh/shells.ts';
import { directoryWith } from './play.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';
const printing = (script: string) => contained([JOINED_FUNCTION, SHORT_FUNCTION, TEXTS_FUNCTION, script].join('\n'));

describe.each(shells)('texts of files that contained scripts print in %s', (_name, [shell = 'sh', ...words]) => {
  const ask = (files: Readonly<Record<string, string>>, care: Care, ...scripts: string[]) => {
    const input = fuse(scripts.map(printing), MARKER, [], care);
    const { stdout, stderr } = spawnSync(shell, [...words, '-s'], {
      input,
      encoding: 'utf8',
      cwd: directoryWith(files),
    });
    return unfuse({ rc: 0, stdout, stderr }, MARKER, scripts.map(printing), care);
  };
  const outputs = (...given: Parameters<typeof ask>) => ask(...given)?.map(({ stdout }) => stdout);

  it('stand where they are wanted, as they are', () => {
    const files = { a: 'one\ntwo\n', b: 'no end', 'c d$x"\'': '==> a\n==> <==\n\\0 %s\n\n', nul: 'x\0y\n', none: '' };
    const scripts = [
      'echo first; texts a; echo last',
      'texts "c d\\$x\\"\'"; texts none b; texts ./nul',
      'joined a; echo; joined b; echo; joined none; echo; short a; false',
      'set -- a; echo "$1$#"',
    ];
    const expected = [
      'first\none\ntwo\nlast\n',
      `${files['c d$x"\'']}==> none <==\n\n==> b <==\nno endx\0y\n`,
      'onetwo\nno end\n\none\ntwo\n',
      'a1\n',
    ];
    expect(outputs(files, 'quick', ...scripts)).toEqual(expected);
    expect(outputs(files, 'careful', ...scripts)).toEqual(expected);
    expect(ask(files, 'quick', ...scripts)?.map(({ rc }) => rc)).toEqual([0, 0, 1, 0]);
  });

  it('are printed by one program, and only when one is wanted', () => {
    const counted = (...scripts: string[]) => {
      const counting = 'tail() { echo >>count; command tail "$@"; }';
      const text = `${counting}\n${fuse(scripts.map(printing), MARKER)}\ncat count 2>/dev/null`;
      const cwd = directoryWith({ a: 'x\n' });
      return spawnSync(shell, [...words, '-s'], { input: text, encoding: 'utf8', cwd }).stdout;
    };
    expect(counted('texts a', 'texts a; short a; joined a').split(`${MARKER} 0\n`).at(-1)).toBe('\n');
    expect(counted('echo a', 'echo b').split(`${MARKER} 0\n`).at(-1)).toBe('');
  });

  it('are asked for with care when a file holds the head of another, or is not there', () => {
    const hostile = { a: 'mine\n\n==> b <==\nnot of b\n', b: 'of b\n' };
    expect(ask(hostile, 'quick', 'texts a', 'texts b')).toBeUndefined();
    expect(outputs(hostile, 'careful', 'texts a', 'texts b')).toEqual([hostile.a, hostile.b]);
    const ending = { a: 'mine\n==> /dev/null <==\n' };
    expect(ask(ending, 'quick', 'texts a', 'true')).toBeUndefined();
    expect(ask({ a: 'a\n' }, 'quick', 'texts a', 'texts b')).toBeUndefined();
    expect(ask({ a: 'a\n' }, 'careful', 'texts a', 'texts b')?.map(({ rc, stdout }) => [rc, stdout])).toEqual([
      [0, 'a\n'],
      [1, ''],
    ]);
  });
});
