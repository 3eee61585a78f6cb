import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteConfWord, splitConfWords } from '../../src/redis/conf/conf-words.ts';

test('any word is read back as it was, and stays one word on one line', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (words) => {
      const line = words.map(quoteConfWord).join(' ');
      expect(line).not.toMatch(/[\r\n]/);
      expect(splitConfWords(line)).toEqual(words);
    }),
  );
});

test.each([
  ['plain words', 'save 900 1', ['save', '900', '1']],
  ['double quotes and escapes', String.raw`requirepass "a b\x0a\"c\\\n"`, ['requirepass', 'a b\n"c\\\n']],
  ['single quotes take only one escape', String.raw`x 'a\'b\n'`, ['x', String.raw`a'b\n`]],
  ['bytes above 127', String.raw`requirepass "\xe5\xaf\x86" 密`, ['requirepass', '密', '密']],
  ['the empty word', 'rename-command CONFIG ""', ['rename-command', 'CONFIG', '']],
])('Redis reads %s so', (_, line, words) => {
  expect(splitConfWords(line)).toEqual(words);
});

test.each(['x "open', "x 'open", 'x "a"b'])('unbalanced quotes are no words: %s', (line) => {
  expect(splitConfWords(line)).toBeUndefined();
});
