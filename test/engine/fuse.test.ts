import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Care, fuse, unfuse } from '../../src/engine/fuse.ts';
import { contained } from '../../src/sh/contained.ts';
import { shells } from '../sh/shells.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';

function send(scripts: readonly string[], [shell = 'sh', ...words]: readonly string[] = [], care: Care = 'quick') {
  const input = fuse(scripts, MARKER, [], care);
  const { status, stdout, stderr } = spawnSync(shell, [...words, '-s'], { input, encoding: 'utf8' });
  return { rc: status ?? -1, stdout, stderr };
}

/** As a run does it: with marks on both streams when a script has complained. */
function runFused(scripts: readonly string[], shell?: readonly string[]) {
  const replies = unfuse(send(scripts, shell), MARKER, scripts);
  return replies ?? unfuse(send(scripts, shell, 'careful'), MARKER, scripts, 'careful') ?? [];
}

describe.each(shells)('fused reads in %s', (_name, shell) => {
  const run = (...scripts: string[]) => runFused(scripts, shell);

  it('keeps output, errors and exit statuses of the scripts apart', () => {
    expect(
      run(
        'echo one; echo bad >&2; exit 3',
        'printf two',
        'cd /; x=1; true',
        'echo "[$x]"; pwd | grep -c "^/$"; false',
        'case x in (x) echo "it is)"; esac # isn\'t',
        'cat <<END\nthree\nEND',
        'read -r line || echo nothing to read',
      ),
    ).toEqual([
      { rc: 3, stdout: 'one\n', stderr: 'bad\n' },
      { rc: 0, stdout: 'two', stderr: '' },
      { rc: 0, stdout: '', stderr: '' },
      { rc: 1, stdout: '[]\n0\n', stderr: '' },
      { rc: 0, stdout: 'it is)\n', stderr: '' },
      { rc: 0, stdout: 'three\n', stderr: '' },
      { rc: 0, stdout: 'nothing to read\n', stderr: '' },
    ]);
  });

  it('keeps them apart when a script says much, or what is no text, on both streams', () => {
    const many = 'i=0; while [ $i -lt 20000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i + 1)); done';
    const [first, second, third] = run(many, "printf 'a\\000b'; printf 'c\\000d\\n\\n' >&2", 'echo last');
    expect(first?.stdout.split('\n')).toHaveLength(20001);
    expect(first?.stderr.split('\n')).toHaveLength(20001);
    expect(second).toEqual({ rc: 0, stdout: 'a\0b', stderr: 'c\0d\n\n' });
    expect(third).toEqual({ rc: 0, stdout: 'last\n', stderr: '' });
  });

  it('goes on after a script that ends its own shell', () => {
    const kill = 'echo begun; echo why >&2; read -r pid rest </proc/self/stat; kill -KILL "$pid"; echo never';
    expect(run('trap "echo at the end" EXIT; exit 4', kill, 'exec echo other', 'echo last')).toEqual([
      { rc: 4, stdout: 'at the end\n', stderr: '' },
      { rc: 137, stdout: 'begun\n', stderr: expect.stringMatching(/^why\n/) },
      { rc: 0, stdout: 'other\n', stderr: '' },
      { rc: 0, stdout: 'last\n', stderr: '' },
    ]);
  });

  it('runs what is contained in one shell, after all that is not, and gives it parameters of its own', () => {
    const scripts = [contained('x=1; set -- a b; echo one'), 'echo "[$x]"; y=1', contained('echo "[$x$y$#]"')];
    const expected = ['one\n', '[]\n', '[10]\n'].map((stdout) => ({ rc: 0, stdout, stderr: '' }));
    expect(unfuse(send(scripts, shell), MARKER, scripts)).toEqual(expected);
  });

  it('asks for care when something contained ends the shell, and then goes on after it', () => {
    for (const end of [
      'exit 3',
      '[ "$x" ] || exit 3',
      'read -r pid rest </proc/self/stat; kill -KILL "$pid"',
      'echo $((08x)); exit 3',
    ]) {
      const scripts = [contained('x=; echo begun'), contained(end), contained('echo last'), 'echo other'];
      expect(unfuse(send(scripts, shell), MARKER, scripts)).toBeUndefined();
    }
    expect(run(contained('echo begun; exit 3'), contained('echo last'), 'false')).toEqual([
      { rc: 3, stdout: 'begun\n', stderr: '' },
      { rc: 0, stdout: 'last\n', stderr: '' },
      { rc: 1, stdout: '', stderr: '' },
    ]);
  });

  it('does not wait for a child that let go of stdout', () => {
    const started = performance.now();
    const replies = run('(sleep 30; echo late) >/dev/null 2>&1 & echo "$!"', 'echo last');
    process.kill(Number(replies[0]?.stdout));
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(replies.map(({ rc }) => rc)).toEqual([0, 0]);
  });

  it('writes to stderr in every second in which a script ends, and not for each that ends', () => {
    const quick = send(Array(60).fill('echo good'), shell);
    expect(quick.stderr.split(MARKER).length - 1).toBeLessThan(30);
    const scripts = ['sleep 1.1', 'true'];
    const slow = send(scripts, shell);
    expect(slow.stderr).toMatch(new RegExp(`^(\n${MARKER}\n)+$`));
    expect(unfuse(slow, MARKER, scripts)).toEqual(Array(2).fill({ rc: 0, stdout: '', stderr: '' }));
  });

  it('leaves the errors of a script alone as they are', () => {
    expect(run('printf bad >&2; echo good; exit 2')).toEqual([{ rc: 2, stdout: 'good\n', stderr: 'bad' }]);
  });
});

describe('fused reads', () => {
  it('gives back any text that a script prints', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', '\n', ' ', '%', '\\', '0') }), { minLength: 1, maxLength: 4 }),
        (texts) => {
          const scripts = texts.map((text) => `cat <<'END_OF_TEXT'\n${text}\nEND_OF_TEXT`);
          expect(runFused(scripts).map(({ stdout }) => stdout)).toEqual(texts.map((text) => `${text}\n`));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('asks for care when a script complains', () => {
    const scripts = ['true', 'printf bad >&2'];
    expect(unfuse(send(scripts), MARKER, scripts)).toBeUndefined();
    const stdout = `\n${MARKER} 0\n\n${MARKER} 0\n`;
    expect(unfuse({ rc: 0, stdout, stderr: `\n${MARKER}\nbad\n${MARKER}\n` }, MARKER, scripts)).toBeUndefined();
    expect(runFused(scripts).map(({ stderr }) => stderr)).toEqual(['', 'bad']);
  });

  it('asks for care, and then says so, when the shell ended in between', () => {
    const scripts = ['true', 'true'];
    const ended = { rc: 137, stdout: `a\n${MARKER} 0\nb`, stderr: `\n${MARKER}\nkilled` };
    expect(unfuse(ended, MARKER, scripts)).toBeUndefined();
    expect(() => unfuse(ended, MARKER, scripts, 'careful')).toThrow(/after 1 of 2 parts.*: killed$/s);
    const cut = { rc: 137, stdout: `a\n${MARKER} 0\nb\n${MARKER} 0\n`, stderr: `\n${MARKER}\nkilled` };
    expect(() => unfuse(cut, MARKER, scripts, 'careful')).toThrow(/ended within a fused read.*: killed$/s);
    expect(() => unfuse({ ...ended, stdout: 'b' }, MARKER, ['true'])).toThrow(/ended within a fused read/);
  });
});
