import { readFileSync } from 'node:fs';

/** The texts of the source files read so far, for code frames. Inline sources (`-e`) have names such as `--extra-vars`. */
const texts = new Map<string, string>();

export function rememberText(file: string, text: string): void {
  texts.set(file, text);
}

/** The lines of a source; undefined when it is neither known nor readable. */
export function linesOf(file: string): string[] | undefined {
  const known = texts.get(file);
  if (known !== undefined) return known.split(/\r?\n/);
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return undefined;
  }
}
