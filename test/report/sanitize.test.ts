import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sanitize, sanitizeLine } from '../../src/report/sanitize.ts';

it('shows what would move the cursor, ring, retitle or reorder', () => {
  expect(sanitize('a\u001b[2Jb\u0007\rc\u009b1m\u202ed\u001b]0;t\u0007')).toBe(
    'a\\x1b[2Jb\\x07\\rc\\x9b1m\\u202ed\\x1b]0;t\\x07',
  );
  expect(sanitize('line\r\n\tnext 中文 é 😀')).toBe('line\n\tnext 中文 é 😀');
  expect(sanitizeLine('a\nb\tc')).toBe('a\\nb\\tc');
});

it('leaves no control character of any kind, whatever comes in', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(anything, (text) => {
      expect(sanitizeLine(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      expect(sanitize(text).replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}|\p{Cs}/u);
    }),
  );
});
