import { spend } from './budget.ts';
import { Float, isFloat } from './numbers.ts';
import { known } from './undefined.ts';
import { isLazyMap, type LazyMap, TemplateError, UnsafeText } from './values.ts';

export type Dict = Record<string, unknown>;

/** Python's tuple: an array that prints with parentheses and equals no list. */
export class Tuple extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  static make(items: readonly unknown[]): Tuple {
    const tuple = new Tuple();
    for (const item of items) tuple.push(item);
    return tuple;
  }
}

/** What `namespace()` gives: the only thing whose members `{% set %}` may change. */
export class Namespace {
  readonly members: Dict = {};
}

/** A function of the language: a macro, or a method of `loop`. */
export class Callable {
  readonly name: string;
  readonly call: (positional: readonly unknown[], named: ReadonlyMap<string, unknown>) => unknown;
  constructor(name: string, call: Callable['call']) {
    this.name = name;
    this.call = call;
  }
}

/** A map as YAML and JSON make them; instances of classes are opaque to templates. */
export function isDict(value: unknown): value is Dict {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isLazyMap(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function isMapping(value: unknown): value is Dict | LazyMap {
  return isLazyMap(value) || isDict(value);
}

/** Assignment that never reaches a prototype. */
export function setKey(dict: Dict, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(dict, key, { value, enumerable: true, configurable: true, writable: true });
  } else dict[key] = value;
}

export function keysOf(map: Dict | LazyMap): string[] {
  return isLazyMap(map) ? map.keys() : Object.keys(map);
}

/** The entry's value; `undefined` when there is none. */
export function entryOf(map: Dict | LazyMap, key: string): unknown {
  const value = isLazyMap(map) ? map.get(key) : Object.hasOwn(map, key) ? map[key] : undefined;
  return value instanceof UnsafeText ? value.text : value;
}

/** The text that a key has in a map: YAML and JSON know only texts as keys. */
export function keyText(key: unknown): string {
  const value = known(key);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Float) return String(value.value);
  if (value === null) return 'null';
  throw new TemplateError(`a ${typeName(value)} cannot be a key`);
}

/** Python's name for the value's type, for messages and `type_debug`. */
export function typeName(value: unknown): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'string' || value instanceof UnsafeText) return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (isFloat(value)) return 'float';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (value instanceof Tuple) return 'tuple';
  if (Array.isArray(value)) return 'list';
  if (isMapping(value)) return 'dict';
  return typeof value === 'object' ? value.constructor.name : typeof value;
}

/** The elements of anything that Python iterates over: lists, texts by character, maps by key. */
export function elements(input: unknown): readonly unknown[] {
  const value = known(input);
  if (Array.isArray(value)) {
    spend(value.length);
    return value;
  }
  if (typeof value === 'string') {
    spend(value.length);
    return [...value];
  }
  if (isMapping(value)) {
    const keys = keysOf(value);
    spend(keys.length);
    return keys;
  }
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

export function isTrue(input: unknown): boolean {
  if (typeof input === 'boolean') return input;
  const value = known(input);
  if (value === null || value === '' || value === 0 || value === 0n) return false;
  if (typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Float) return value.value !== 0;
  return isMapping(value) ? keysOf(value).length > 0 : true;
}
