import { spend } from './budget.ts';
import { entryOf, isMapping, keysOf, keyText, Tuple, typeName } from './kinds.ts';
import { Float, type Numeric, numeric } from './numbers.ts';
import { known } from './undefined.ts';
import { isLazyMap, TemplateError } from './values.ts';

/** Python's `==`: 1 equals 1.0 and True, lists and maps by their contents. */
export function equals(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  const left = known(a);
  const right = known(b);
  if (left === right) return true;
  const leftNumber = numeric(left);
  if (leftNumber !== undefined) {
    const rightNumber = numeric(right);
    return rightNumber !== undefined && sameNumber(plain(leftNumber), plain(rightNumber));
  }
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(left, right);
  if (isMapping(left) && isMapping(right)) {
    const keys = keysOf(left);
    spend(keys.length);
    const other = new Set(keysOf(right));
    return (
      keys.length === other.size &&
      keys.every((key) => other.has(key) && equals(entryOf(left, key) ?? null, entryOf(right, key) ?? null))
    );
  }
  return false;
}

/** `===` is false between a bigint and a number of the same value. */
function sameNumber(a: number | bigint, b: number | bigint): boolean {
  return a >= b && a <= b;
}

function equalLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length || left instanceof Tuple !== right instanceof Tuple) return false;
  spend(left.length);
  return left.every((item, index) => equals(item, right[index]));
}

function plain(value: Numeric): number | bigint {
  return value instanceof Float ? value.value : value;
}

/** Below, equal or above zero as `a` sorts before, with or after `b`. Throws where Python has no order between the two. */
export function order(a: unknown, b: unknown, operator = '<'): number {
  const left = known(a);
  const right = known(b);
  const leftNumber = numeric(left);
  const rightNumber = numeric(right);
  if (leftNumber !== undefined && rightNumber !== undefined) {
    const x = plain(leftNumber);
    const y = plain(rightNumber);
    return x < y ? -1 : x > y ? 1 : x >= y ? 0 : Number.NaN;
  }
  if (typeof left === 'string' && typeof right === 'string') return orderTexts(left, right);
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
    spend(Math.min(left.length, right.length));
    for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
      if (!equals(left[index], right[index])) return order(left[index], right[index], operator);
    }
    return left.length - right.length;
  }
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  throw new TemplateError(`'${operator}' not supported between instances of ${types}`);
}

/** By code point, as Python does; UTF-16 units differ from that only where surrogates meet the last private block. */
function orderTexts(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    if (left.charCodeAt(index) !== right.charCodeAt(index)) {
      return (left.codePointAt(index) ?? 0) < (right.codePointAt(index) ?? 0) ? -1 : 1;
    }
  }
  return left.length - right.length;
}

/** Python's `in`. */
export function contains(container: unknown, item: unknown): boolean {
  const holder = known(container);
  const wanted = known(item);
  if (typeof holder === 'string') {
    if (typeof wanted === 'string') return holder.includes(wanted);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(wanted)}`);
  }
  if (Array.isArray(holder)) {
    spend(holder.length);
    return holder.some((candidate) => equals(candidate, wanted));
  }
  if (isMapping(holder)) {
    if (wanted instanceof Tuple) return false;
    return isLazyMap(holder) ? holder.has(keyText(wanted)) : Object.hasOwn(holder, keyText(wanted));
  }
  throw new TemplateError(`argument of type '${typeName(holder)}' is not iterable`);
}
