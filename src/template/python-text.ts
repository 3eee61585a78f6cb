import { checkSize, spend } from './budget.ts';
import { Callable, entryOf, isMapping, keysOf, Namespace, Tuple } from './kinds.ts';
import { Float, floatText, isFloat } from './numbers.ts';
import { known } from './undefined.ts';
import { UnsafeText } from './values.ts';

/** Python's `str()`: what a value looks like within a text. */
export function str(input: unknown): string {
  if (typeof input === 'string') return input;
  const value = known(input);
  return value instanceof UnsafeText ? value.text : repr(value);
}

/** Python's `repr()`. */
export function repr(input: unknown): string {
  const value = known(input);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return reprText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'number') return isFloat(value) ? floatText(value) : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof UnsafeText) return reprText(value.text);
  if (value instanceof Callable) return `<function ${value.name}>`;
  return reprContainer(value);
}

function reprContainer(value: object): string {
  if (value instanceof Tuple) return `(${list(value)}${value.length === 1 ? ',' : ''})`;
  if (Array.isArray(value)) return `[${list(value)}]`;
  if (value instanceof Namespace) return `<Namespace ${repr(value.members)}>`;
  if (!isMapping(value)) return `<${value.constructor.name}>`;
  const keys = keysOf(value);
  spend(keys.length);
  return `{${join(keys.map((key) => `${reprText(key)}: ${repr(entryOf(value, key) ?? null)}`))}}`;
}

function list(items: readonly unknown[]): string {
  spend(items.length);
  return join(items.map(repr));
}

function join(parts: readonly string[]): string {
  checkSize(parts.reduce((sum, part) => sum + part.length + 2, 0));
  return parts.join(', ');
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\'\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    if (character === "'") return quote === "'" ? "\\'" : "'";
    return escapes[character] ?? escapePoint(character.codePointAt(0) ?? 0);
  });
  return `${quote}${body}${quote}`;
}

function escapePoint(point: number): string {
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${point.toString(16).padStart(4, '0')}` : `\\U${point.toString(16).padStart(8, '0')}`;
}

/** Number of characters as Python counts them, which is by code point. */
export function textLength(text: string): number {
  if (!/[\ud800-\udfff]/.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** The text as something that can be indexed by character. */
export function characters(text: string): ArrayLike<string> {
  return /[\ud800-\udfff]/.test(text) ? [...text] : text;
}
