import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Mask } from '../../src/report/mask.ts';
import { Output } from '../../src/report/output.ts';

/** A stream whose reader takes one piece at a time, when it is told to. */
function slowStream() {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      waiting.push(() => {
        taken.push(chunk.toString());
        done();
      });
    },
  });
  return { stream, taken, take: () => waiting.shift()?.() };
}

test.each(['stdout', 'stderr'] as const)('flush waits for a slow reader of %s', async (name) => {
  const slow = slowStream();
  const other = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = { stdout: other, stderr: other, [name]: slow.stream };
  const output = new Output(terminal, new Mask());
  for (const text of ['one', 'two']) name === 'stdout' ? output.line(text) : output.errorLine(text);
  let isFlushed = false;
  const flushed = output.flush().then(() => {
    isFlushed = true;
  });
  slow.take();
  await new Promise((resolve) => setImmediate(resolve));
  expect([isFlushed, slow.taken]).toEqual([false, ['one\n']]);
  for (let pieces = 0; pieces < 3; pieces += 1) {
    slow.take();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await flushed;
  expect(slow.taken.slice(0, 2)).toEqual(['one\n', 'two\n']);
});

test('flush does not wait for a reader that went away', async () => {
  const gone = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const output = new Output({ stdout: gone, stderr: gone }, new Mask());
  output.errorLine('text');
  await output.flush();
});
