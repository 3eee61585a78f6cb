import { TaskError } from '../errors/errors.ts';

/** Splits a command line into words as Python's shlex does (POSIX mode): quotes and backslashes only, nothing is expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoteMark = '';
  for (let index = 0; index < line.length; index += 1) {
    const char = line.charAt(index);
    if (quoteMark === "'") {
      if (char === "'") quoteMark = '';
      else word += char;
    } else if (char === '\\') {
      const next = line.charAt(index + 1);
      if (next === '') throw new TaskError(`command line ends with a lone backslash: ${line}`);
      // Within double quotes a backslash only escapes a backslash and the quote (shlex's escapedquotes).
      word = (word ?? '') + (quoteMark === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next);
      index += 1;
    } else if (quoteMark === '"') {
      if (char === '"') quoteMark = '';
      else word += char;
    } else if (char === "'" || char === '"') {
      quoteMark = char;
      word ??= '';
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quoteMark !== '') throw new TaskError(`command line has no closing ${quoteMark}: ${line}`);
  if (word !== undefined) words.push(word);
  return words;
}
