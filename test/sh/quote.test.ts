import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quote, quoteAll } from '../../src/sh/quote.ts';

const shells: [string, string[]][] = [
  ['dash', []],
  ['bash', ['--posix']],
  ['busybox', ['sh']],
];
const installed = shells.filter(([shell]) => spawnSync(shell, ['-c', ':']).error === undefined);

/** Words as a hostile vars file would hold them. */
const word = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', '!', '*', '~', ' ', '#', '-', 'é', '=') }),
  )
  .filter((text) => !text.includes('\0'));

test('there is a shell to try', () => {
  expect(installed.length).toBeGreaterThan(0);
});

test.each(installed)('%s reads back what was quoted', (shell, args) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
      const script = `printf '%s\\0' ${quoteAll(words)}`;
      const output = execFileSync(shell, args, {
        input: script,
        encoding: 'utf8',
        env: { LC_ALL: 'C', PATH: process.env.PATH },
      });
      expect(output).toBe(words.map((each) => `${each}\0`).join(''));
    }),
    { numRuns: 40 },
  );
});

test.each(['', '~', '~root', 'a=b', '{a,b}', '#x', '*', 'if'])('%j is never left to the shell', (text) => {
  const output = execFileSync('sh', ['-c', `printf '%s' ${quote(text)}`], { encoding: 'utf8' });
  expect(output).toBe(text);
});

test('plain words stay readable', () => {
  expect(quoteAll(['cat', '/etc/redis/6379.conf', 'a b'])).toBe("cat /etc/redis/6379.conf 'a b'");
});

test('a NUL is refused', () => {
  expect(() => quote('a\0b')).toThrow(TypeError);
});
