import { createTwoFilesPatch } from 'diff';
import type { Change } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';

/** Diffs beyond this are cut, with a word on how much is left out. */
const mostLines = 100;

/** A change for people: a unified diff for texts, `what: before -> after` for everything else. Safe for a terminal. */
export function changeLines(change: Change): string[] {
  if (change.text !== true) {
    return [`${sanitizeLine(change.what)}: ${brief(change.before)} -> ${brief(change.after)}`];
  }
  if (change.after instanceof Unknown) return [`${sanitizeLine(change.what)}: ${brief(change.after)}`];
  const [before, after] = [whole(change.before), whole(change.after)];
  const name = sanitizeLine(change.what);
  const patch = createTwoFilesPatch(`before: ${name}`, `after: ${name}`, before, after, undefined, undefined, {
    context: 3,
  });
  const lines = sanitize(patch)
    .split('\n')
    .filter((line, index) => !(index === 0 && line.startsWith('===')) && line !== '\\ No newline at end of file');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), `… ${lines.length - mostLines} more lines of this diff`];
}

/** A value on one line. */
export function brief(value: unknown): string {
  if (value instanceof Unknown) return '(known after the run)';
  if (value === undefined || value === null) return '(none)';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text === '' ? '(empty)' : sanitizeLine(text.length > 300 ? `${text.slice(0, 300)}…` : text);
}

function whole(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`;
}
