import type { Result } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import { brief } from './diff-text.ts';
import { sanitizeLine } from './sanitize.ts';

/** What a result says of itself and its line says already; `steps` and `cluster` have texts of their own. */
const told = new Set(['changed', 'failed', 'skipped', '_verbosity', 'steps', 'cluster', 'ansible_loop_var']);
/** The same text again, in lines. */
const twice = new Set(['stdout_lines', 'stderr_lines']);
/** From so many `-v` on, values are told whole. */
const wholeFrom = 3;

/** Whether a `debug` asks for no more `-v` than were given. */
export function isDue(result: Result, verbosity: number): boolean {
  const { _verbosity: asked } = result;
  return typeof asked !== 'number' || asked <= verbosity;
}

/** The values of a result that are news to a reader. */
export function shownEntries(result: Result): [string, unknown][] {
  return Object.entries(result).filter(([key, value]) => !told.has(key) && value !== undefined);
}

/** A result as `-v` tells it: a line for each value. */
export function valueLines(result: Result, verbosity: number): string[] {
  return shownEntries(result)
    .filter(([key, value]) => !twice.has(key) && value !== '')
    .map(([key, value]) => `${sanitizeLine(key)}: ${verbosity >= wholeFrom ? whole(value) : brief(value)}`);
}

function plainValue(_key: string, value: unknown): unknown {
  return value instanceof Unknown ? brief(value) : value;
}

function whole(value: unknown): string {
  return typeof value === 'object' && value !== null ? sanitizeLine(JSON.stringify(value, plainValue)) : brief(value);
}
