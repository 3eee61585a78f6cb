import { itemOf } from '../access.ts';
import { pairs } from '../dict-methods.ts';
import { isMapping, Tuple } from '../kinds.ts';
import { Float, numeric } from '../numbers.ts';
import { known, Undefined } from '../undefined.ts';

/** Jinja2's attribute paths: `a.b`, numbers as indexes. What is missing on the way stays undefined, or is `fallback`. */
export function attributeGetter(path: unknown, fallback?: unknown): (item: unknown) => unknown {
  const steps =
    typeof path === 'string' ? path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)) : [path];
  return (item) => {
    let value = known(item);
    for (const step of steps) {
      value = itemOf(value, step);
      if (value instanceof Undefined && fallback !== undefined) return fallback;
    }
    return value;
  };
}

/** Jinja2 ignores case in sorting and grouping unless it is told otherwise. */
export function foldCase(caseSensitive: unknown): (value: unknown) => unknown {
  return (value) => (typeof value === 'string' && caseSensitive !== true ? value.toLowerCase() : value);
}

/** A text that is the same for values that are equal, for sets of values of any type. */
export function identity(input: unknown): string {
  const value = known(input);
  if (typeof value === 'string') return `s${value.length}:${value}`;
  if (value === null) return 'null';
  const number = numeric(value);
  if (number !== undefined) return `n${number instanceof Float ? number.value : number}`;
  if (Array.isArray(value))
    return `${value instanceof Tuple ? 't' : 'l'}${value.length}:${value.map(identity).join('')}`;
  if (!isMapping(value)) return `o${String(value)}`;
  const entries = [...pairs(value)].sort(([a], [b]) => (a < b ? -1 : 1));
  return `d${entries.length}:${entries.map(([key, item]) => identity(key) + identity(item)).join('')}`;
}
