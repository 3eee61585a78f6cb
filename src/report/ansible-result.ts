import type { Result } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import { sanitize } from './sanitize.ts';

/** What ansible-playbook leaves out of the results that it shows. */
const hiddenKeys = new Set(['failed', 'skipped', '_verbosity', '_cacheable']);
const hiddenOfDebug = new Set([...hiddenKeys, 'changed', 'item', 'ansible_loop_var']);
/** They show their results without being asked with `-v`. */
const talkative = new Set(['debug', 'assert']);
/** From so many `-v` on, results are laid out over lines. */
const spreadFrom = 3;

/** What stands behind `ok: [host]`: nothing but for a module that is there to tell something, and with `-v`. */
export function shownText(module: string, result: Result, verbosity: number): string {
  const isAsked = talkative.has(module) && result.censored === undefined;
  if (!isAsked && verbosity === 0) return '';
  if (!isAsked && verbosity < spreadFrom) return ` => ${flat(result)}`;
  const shown = shownOf(result, module === 'debug' ? hiddenOfDebug : hiddenKeys);
  return ` => ${sanitize(JSON.stringify(sorted(shown), undefined, 4))}`;
}

/** A result on one line, as Python writes JSON. */
export function flat(result: Readonly<Record<string, unknown>>): string {
  return sanitize(pythonJson(shownOf(result, hiddenKeys)));
}

/** Why something was skipped, with `-v`: of an item only which it is, of a loop only its message. */
export function skipText(result: Result): string {
  const { ansible_loop_var: name, results, msg, changed, skip_reason } = result;
  if (typeof name === 'string') return flat({ ansible_loop_var: name, [name]: result[name] });
  if (Array.isArray(results)) return flat({ msg });
  return flat(skip_reason === undefined ? result : { changed, skip_reason });
}

/** An item as Python shows it: `{'port': 6379}`. A label is text and stays as it is. */
export function itemText(item: string, result: Result): string {
  const { ansible_loop_var: name } = result;
  const value = typeof name === 'string' ? result[name] : undefined;
  const isValue = typeof value !== 'string' && value !== undefined && JSON.stringify(value) === item;
  return isValue ? pythonLiteral(value) : item;
}

function shownOf(result: Readonly<Record<string, unknown>>, hidden: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(result).filter(([key]) => !hidden.has(key)));
}

const unknownText = '(known after the run)';

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function sorted(value: unknown): unknown {
  if (value instanceof Unknown) return unknownText;
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(entriesOf(value).map(([key, one]) => [key, sorted(one)]));
}

/** JSON as Python writes it, with sorted keys and a space after commas and colons. */
function pythonJson(value: unknown): string {
  if (value instanceof Unknown) return JSON.stringify(unknownText);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${entriesOf(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${pythonJson(one)}`)
    .join(', ')}}`;
}

function pythonLiteral(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const pairs = Object.entries(value).map(([key, one]) => `${pythonString(key)}: ${pythonLiteral(one)}`);
  return `{${pairs.join(', ')}}`;
}

function pythonString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}
