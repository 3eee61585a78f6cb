import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';

const gzipLater = promisify(gzip);
/** Below this a message fits into what a fresh TCP connection sends without waiting. */
const worthwhile = 32 * 1024;
const sampleSize = 16 * 1024;

/** The same content goes to many hosts: it is packed once. */
const packed = new WeakMap<Buffer, Promise<Buffer | undefined>>();

/** The bytes as gzip, or undefined when they would hardly be fewer (archives, keys, short texts). */
export function pack(bytes: Buffer): Promise<Buffer | undefined> {
  let answer = packed.get(bytes);
  if (answer === undefined) {
    answer = packAnew(bytes);
    packed.set(bytes, answer);
  }
  return answer;
}

async function packAnew(bytes: Buffer): Promise<Buffer | undefined> {
  if (bytes.length < worthwhile) {
    return undefined;
  }
  const middle = Math.floor((bytes.length - sampleSize) / 2);
  const sample = bytes.subarray(middle, middle + sampleSize);
  return gzipSync(sample, { level: 1 }).length > sampleSize * 0.8 ? undefined : await gzipLater(bytes, { level: 1 });
}
