import type { Result } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import { brief } from './diff-text.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';

/** What a result says of itself and its line says already; `steps` and `cluster` have texts of their own. */
const told = new Set([
  'changed',
  'failed',
  'skipped',
  '_verbosity',
  '_cacheable',
  'steps',
  'cluster',
  'ansible_loop_var',
]);
/** The same text again, in lines, and times: they differ on every host and would keep alike results apart. */
const forMore = new Set(['stdout_lines', 'stderr_lines', 'start', 'end', 'delta']);
/** From so many `-v` on, values are told whole. */
const wholeFrom = 3;
/** Lines of a text that are told before that. */
const mostLines = 30;

/** Whether a `debug` asks for no more `-v` than were given. */
export function isDue(result: Result, verbosity: number): boolean {
  const { _verbosity: asked } = result;
  return typeof asked !== 'number' || asked <= verbosity;
}

/** The values of a result that are news to a reader. */
export function shownEntries(result: Result): [string, unknown][] {
  return Object.entries(result).filter(([key, value]) => !told.has(key) && value !== undefined);
}

/** A result as `-v` tells it: its values by name, text of several lines below its name. */
export function valueLines(result: Result, verbosity: number): string[] {
  const isWhole = verbosity >= wholeFrom;
  return shownEntries(result)
    .filter(([key, value]) => value !== '' && (isWhole || !forMore.has(key)))
    .flatMap(([key, value]) => {
      const name = sanitizeLine(key);
      if (typeof value !== 'string' || !value.trimEnd().includes('\n')) {
        return [`${name}: ${isWhole ? whole(value) : brief(value)}`];
      }
      const lines = sanitize(value.trimEnd()).split('\n');
      const kept = isWhole ? lines : lines.slice(0, mostLines);
      const left = lines.length - kept.length;
      return [`${name}:`, ...[...kept, ...(left > 0 ? [`… ${left} more lines`] : [])].map((line) => `  ${line}`)];
    });
}

function plainValue(_key: string, value: unknown): unknown {
  return value instanceof Unknown ? brief(value) : value;
}

function whole(value: unknown): string {
  if (value instanceof Unknown) return brief(value);
  return sanitizeLine(typeof value === 'string' ? value : (JSON.stringify(value, plainValue) ?? String(value)));
}
