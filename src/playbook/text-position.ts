import type { Span } from '../errors/diagnostic.ts';
import { linesOf } from '../source/texts.ts';

/** The lines of the file asked for last: reading many free forms of one file must not split it each time. */
let recent: { readonly file: string; readonly lines: readonly string[] } | undefined;

/** To be called when a file is read anew. */
export function forgetLines(): void {
  recent = undefined;
}

/**
 * Where a part of a scalar stands in its file. `text` is the scalar's value, whose characters are not those of the file when
 * it is quoted, folded or indented: both are walked side by side. Gives the whole scalar's span when they do not match.
 */
export function spanInText(scalar: Span, text: string, start: number, end = start + 1): Span {
  const lines = readLines(scalar.file);
  const first = lines[scalar.line - 1];
  if (first === undefined) return scalar;
  const isBlock = /^[|>]/.test(first.slice(scalar.column - 1));
  let at = isBlock ? { line: scalar.line, column: 0 } : { line: scalar.line - 1, column: scalar.column - 1 };
  const quote = first[scalar.column - 1];
  if (!isBlock && (quote === '"' || quote === "'")) at.column += 1;
  let from: Span | undefined;
  for (let index = 0; index <= text.length; index += 1) {
    const next = index < text.length ? step(lines, at, text.charAt(index), quote) : { here: at, after: at };
    if (next === undefined) return scalar;
    const { here } = next;
    if (index === Math.min(start, text.length)) from = spanFrom(scalar.file, here, here);
    if (index === Math.min(end, text.length) && from !== undefined) {
      // The end lies behind the character before it, not before the next one, which may stand on another line.
      return {
        ...from,
        endLine: at.line + 1,
        endColumn: Math.max(at.column + 1, at.line + 1 === from.line ? from.column + 1 : 1),
      };
    }
    at = next.after;
  }
  return from ?? scalar;
}

interface Place {
  readonly line: number;
  column: number;
}

/** Where the next character of the value stands (`here`), and the place behind it. */
function step(lines: readonly string[], from: Place, wanted: string, quote: string | undefined) {
  let at: Place = { ...from };
  for (;;) {
    const line = lines[at.line];
    if (line === undefined) return undefined;
    const found = line.charAt(at.column);
    if (found === '') {
      const after = { line: at.line + 1, column: 0 };
      if (wanted === '\n') return { here: at, after };
      // A folded line end is one space of the value; the next line's indent is skipped.
      if (wanted === ' ') return { here: at, after: skipBlank(lines, after) };
      at = after;
    } else if (quote === '"' && found === '\\') {
      const length = /^\\(?:x..|u.{4}|U.{8}|.|$)/.exec(line.slice(at.column))?.[0].length ?? 1;
      if (length === 1) at = { line: at.line + 1, column: 0 };
      else return { here: at, after: { line: at.line, column: at.column + length } };
    } else if (found === wanted) {
      const length = quote === "'" && found === "'" ? 2 : 1;
      return { here: at, after: { line: at.line, column: at.column + length } };
    } else if (/\s/.test(found)) {
      at = { line: at.line, column: at.column + 1 };
    } else {
      return undefined;
    }
  }
}

function skipBlank(lines: readonly string[], from: Place): Place {
  const indent = /^\s*/.exec(lines[from.line] ?? '')?.[0].length ?? 0;
  return { line: from.line, column: indent };
}

function spanFrom(file: string, from: Place, to: Place): Span {
  return { file, line: from.line + 1, column: from.column + 1, endLine: to.line + 1, endColumn: to.column + 2 };
}

function readLines(file: string): readonly string[] {
  if (recent?.file !== file) recent = { file, lines: linesOf(file) ?? [] };
  return recent.lines;
}
