import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputCutter } from '../../src/transport/framing.ts';

const nonce = '0123456789abcdef0123456789abcdef';

/** Output that comes close to the marks without being one. */
const output = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(nonce, `${nonce}<`, nonce.slice(0, 9), `${nonce}>`, '\n')),
  )
  .map((parts) => parts.join('').replaceAll(`${nonce}> `, '').replaceAll(`${nonce}<\n`, ''));

/** What came late from an earlier script cannot hold the mark of this one, which no host can guess. */
const unmarked = (late: string) => !`${late}${nonce}<\n`.slice(0, -1).includes(`${nonce}<\n`);

test('cuts one script out of a stream, however the bytes are split', () => {
  fc.assert(
    fc.property(output.filter(unmarked), output, fc.array(fc.integer({ min: 1, max: 50 })), (late, text, sizes) => {
      const stream = Buffer.from(`${late}${nonce}<\n${text}${nonce}> 3 0\n`);
      const cutter = new OutputCutter(nonce);
      const live: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes.length === 0 ? 7 : (sizes[turn % sizes.length] ?? 1);
        live.push(cutter.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(cutter.tail).toBe('3 0');
      expect(cutter.text()).toBe(text);
      expect(Buffer.concat(live).toString()).toBe(text);
    }),
  );
});

test('keeps the first bytes of too much output and says how many are missing', () => {
  const cutter = new OutputCutter(nonce, 10);
  cutter.push(Buffer.from(`${nonce}<\n12345678`));
  cutter.push(Buffer.from('90abc'));
  cutter.push(Buffer.from(`def${nonce}> 0 0\n`));
  expect(cutter.text()).toBe('1234567890\n[6 more bytes of output were dropped]\n');
});

test('bytes that are not UTF-8 become U+FFFD', () => {
  const cutter = new OutputCutter(nonce);
  cutter.push(Buffer.concat([Buffer.from(`${nonce}<\na`), Buffer.from([0xff, 0xc3]), Buffer.from(`${nonce}> 0 0\n`)]));
  expect(cutter.text()).toBe('a\uFFFD\uFFFD');
});
