import { checkSize, spend } from './budget.ts';
import { entryOf, isMapping, keysOf, typeName } from './kinds.ts';
import { Float, floatText, isFloat } from './numbers.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

export interface JsonStyle {
  /** Spaces per level; `undefined`: all on one line. */
  readonly indent?: number | undefined;
  readonly sortKeys?: boolean | undefined;
  /** Write what is not ASCII as `\uXXXX`, as Python does unless told otherwise. */
  readonly ascii?: boolean | undefined;
}

/** JSON as Python's `json.dumps` writes it. */
export function jsonText(input: unknown, style: JsonStyle, level = 0): string {
  const value = known(input);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value, style);
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'number') return isFloat(value) ? jsonFloat(value) : String(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) {
    spend(value.length);
    return enclose(
      '[',
      ']',
      value.map((item) => jsonText(item, style, level + 1)),
      style,
      level,
    );
  }
  if (!isMapping(value)) throw new TemplateError(`a value of type ${typeName(value)} cannot be written as JSON`);
  const keys = keysOf(value);
  spend(keys.length);
  if (style.sortKeys === true) keys.sort((a, b) => (a < b ? -1 : 1));
  const entries = keys.map(
    (key) => `${quoted(key, style)}: ${jsonText(entryOf(value, key) ?? null, style, level + 1)}`,
  );
  return enclose('{', '}', entries, style, level);
}

function jsonFloat(value: number): string {
  return Number.isFinite(value) ? floatText(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function quoted(text: string, style: JsonStyle): string {
  const json = JSON.stringify(text);
  if (style.ascii === false) return json;
  return json.replace(/[\x7f-\uffff]/g, (unit) =>
    unit === '\x7f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function enclose(open: string, close: string, parts: readonly string[], style: JsonStyle, level: number): string {
  if (parts.length === 0) return open + close;
  checkSize(parts.reduce((size, part) => size + part.length + 2, 0));
  if (style.indent === undefined) return `${open}${parts.join(', ')}${close}`;
  const margin = `\n${' '.repeat(style.indent * (level + 1))}`;
  return `${open}${margin}${parts.join(`,${margin}`)}\n${' '.repeat(style.indent * level)}${close}`;
}
