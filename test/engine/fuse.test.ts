import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuse, unfuse } from '../../src/engine/fuse.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';

function runFused(scripts: string[], shell = 'sh') {
  const { status, stdout, stderr } = spawnSync(shell, ['-s'], { input: fuse(scripts, MARKER), encoding: 'utf8' });
  return unfuse({ rc: status ?? -1, stdout, stderr }, MARKER, scripts.length);
}

describe('fused reads', () => {
  it('keeps output, errors and exit statuses of the scripts apart', () => {
    expect(
      runFused([
        'echo one; echo bad >&2; exit 3',
        'printf two',
        'cd /; x=1; true',
        'echo "[$x]"; pwd | grep -c "^/$"; false',
      ]),
    ).toEqual([
      { rc: 3, stdout: 'one\n', stderr: 'bad\n' },
      { rc: 0, stdout: 'two', stderr: '' },
      { rc: 0, stdout: '', stderr: '' },
      { rc: 1, stdout: '[]\n0\n', stderr: '' },
    ]);
  });

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

  it('says so when the shell ended in between', () => {
    expect(() => unfuse({ rc: 137, stdout: `a\n${MARKER} 0\nb`, stderr: `\n${MARKER}\nkilled` }, MARKER, 2)).toThrow(
      /after 1 of 2 parts.*killed/s,
    );
  });
});
