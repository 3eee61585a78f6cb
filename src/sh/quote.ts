/** Characters that mean nothing to any POSIX shell; a word made only of them stays readable. `~` and `=` are left out on purpose. */
const plain = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * One shell word that a POSIX sh reads back as exactly `word`, whatever is in it: newlines, quotes, `$`, bytes above 127.
 * A NUL cannot be in a word of any shell, so it is refused rather than dropped.
 */
export function quote(word: string): string {
  if (word.includes('\0')) {
    throw new TypeError('A shell word cannot hold a NUL character');
  }
  if (plain.test(word)) {
    return word;
  }
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The words as one command line. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
