import { createHash } from 'node:crypto';
import { TemplateError } from './values.ts';

/** Bytes of the digest in the order in which crypt(3) writes them, three at a time. */
const orders = {
  sha256: [
    0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29,
  ],
  sha512: Array.from({ length: 21 }, (_, turn) => [0, 21, 42].map((from) => (from + turn * 22) % 63)).flat(),
} as const;

const letters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A password as /etc/shadow holds it: SHA-crypt of Ulrich Drepper's specification, `$5$` or `$6$`. */
export function shaCrypt(type: 'sha256' | 'sha512', password: string, salt: string, rounds?: number): string {
  if (!/^[./\dA-Za-z]{1,16}$/.test(salt))
    throw new TemplateError('password_hash: a salt has 1 to 16 of the characters ./0-9A-Za-z');
  const count = rounds ?? 5000;
  if (count < 1000 || count > 1_000_000)
    throw new TemplateError('password_hash: rounds must be between 1000 and 1000000');
  const digest = stretch(type, Buffer.from(password), Buffer.from(salt), count);
  const shown = rounds === undefined || rounds === 5000 ? '' : `rounds=${count}$`;
  return `$${type === 'sha256' ? 5 : 6}$${shown}${salt}$${encode(type, digest)}`;
}

function stretch(type: string, key: Buffer, salt: Buffer, rounds: number): Buffer {
  const hash = (...parts: readonly Buffer[]) => createHash(type).update(Buffer.concat(parts)).digest();
  const repeated = (block: Buffer, length: number) => Buffer.alloc(length, block);
  const inner = hash(key, salt, key);
  const parts = [key, salt, repeated(inner, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits % 2 === 1 ? inner : key);
  let digest = hash(...parts);
  const p = key.length === 0 ? key : repeated(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const s = repeated(hash(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1;
    digest = hash(
      isOdd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      isOdd ? digest : p,
    );
  }
  return digest;
}

function encode(type: 'sha256' | 'sha512', digest: Buffer): string {
  const order = orders[type];
  const at = (index: number) => digest[index] ?? 0;
  let text = '';
  for (let turn = 0; turn < order.length; turn += 3) {
    const [a = 0, b = 0, c = 0] = order.slice(turn, turn + 3);
    text += group((at(a) << 16) | (at(b) << 8) | at(c), 4);
  }
  return text + (type === 'sha256' ? group((at(31) << 8) | at(30), 3) : group(at(63), 2));
}

function group(bits: number, length: number): string {
  return Array.from({ length }, (_, index) => letters.charAt((bits >> (6 * index)) & 63)).join('');
}
