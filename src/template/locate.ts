import type { Span } from '../errors/diagnostic.ts';

/**
 * Where a character of a template stands in its source file, as well as can be told: `span` is the whole value's place,
 * `text` its content and `source` the file's text. Quoted and plain scalars on one line and block scalars are found
 * exactly; where escapes or folding make the content differ from what the file shows, the value's own place is given.
 */
export function locate(span: Span, text: string, offset: number | undefined, source?: string): Span {
  if (offset === undefined) return span;
  const before = text.slice(0, offset).split('\n');
  const row = before.length - 1;
  const column = (before.at(-1) ?? '').length;
  if (source === undefined)
    return row === 0 && span.line === span.endLine ? at(span, span.line, span.column + column) : span;
  const lines = source.split('\n').slice(span.line - 1, span.endLine);
  const wanted = text.split('\n')[row] ?? '';
  const found = findLine(lines, wanted, row, span);
  return found === undefined ? span : at(span, span.line + found.line, found.column + column);
}

function at(span: Span, line: number, column: number): Span {
  return { file: span.file, line, column, endLine: line, endColumn: column + 1 };
}

/** The line of the source that holds one line of the content. A block scalar's content begins below its `|` or `>`. */
function findLine(
  lines: readonly string[],
  wanted: string,
  row: number,
  span: Span,
): { line: number; column: number } | undefined {
  if (wanted === '') return undefined;
  const first = lines[0]?.slice(span.column - 1) ?? '';
  const isBlock = /^[|>]/.test(first);
  const line = isBlock ? row + 1 : row;
  const held = lines[line];
  const from = line === 0 ? span.column - 1 : 0;
  const column = held?.indexOf(wanted, from) ?? -1;
  return column < 0 ? undefined : { line, column: column + 1 };
}
