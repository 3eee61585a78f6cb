import { entryOf, isMapping, keysOf, keyText, Namespace, Tuple, typeName } from './kinds.ts';
import { Float, numeric, toIndex } from './numbers.ts';
import { characters, repr } from './python-text.ts';
import { Undefined, UnknownReached } from './undefined.ts';
import { TemplateError, Unknown, UnsafeText } from './values.ts';

const none = () => [];

/** `object.name`: own entries of maps only, never a property that JavaScript gives to the value. */
export function attributeOf(object: unknown, name: string, offset?: number): unknown {
  if (typeof object === 'object' && object !== null) {
    if (object instanceof Unknown || object instanceof Undefined) return object;
    const holder = object instanceof Namespace ? object.members : object;
    if (isMapping(holder)) {
      const value = entryOf(holder, name);
      if (value !== undefined) return value;
      return new Undefined(
        name,
        `'${typeName(holder)} object' has no attribute '${name}'`,
        () => keysOf(holder),
        offset,
      );
    }
  }
  const type = object === null ? "'None'" : `'${typeName(object)} object'`;
  return new Undefined(name, `${type} has no attribute '${name}'`, none, offset);
}

/** `object[key]`, with negative indexes. */
export function itemOf(object: unknown, key: unknown, offset?: number): unknown {
  if (object instanceof Unknown || object instanceof Undefined) return object;
  if (key instanceof Unknown) throw new UnknownReached(key);
  if (key instanceof Undefined) return key;
  if (Array.isArray(object) || typeof object === 'string') {
    if (typeof key === 'string') return attributeOf(object, key, offset);
    const index = numeric(key);
    if (typeof index !== 'number') return missing(object, key, offset);
    const held = typeof object === 'string' ? characters(object) : (object as unknown[]);
    const value: unknown = held[index < 0 ? held.length + index : index];
    if (value === undefined) return missing(object, key, offset);
    return value instanceof UnsafeText ? value.text : value;
  }
  if (isMapping(object)) return attributeOf(object, keyText(key), offset);
  return typeof key === 'string' ? attributeOf(object, key, offset) : missing(object, key, offset);
}

function missing(object: unknown, key: unknown, offset: number | undefined): Undefined {
  const type = object === null ? "'None'" : `'${typeName(object)} object'`;
  return new Undefined(repr(key), `${type} has no element ${repr(key)}`, none, offset);
}

/** `object[start:stop:step]`. */
export function sliceOf(object: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  if (typeof object !== 'string' && !Array.isArray(object)) {
    throw new TemplateError(`'${typeName(object)}' object cannot be sliced`);
  }
  const held = typeof object === 'string' ? characters(object) : (object as unknown[]);
  const stride = bound(step) ?? 1;
  if (stride === 0) throw new TemplateError('slice step cannot be zero');
  const [low, high] = stride > 0 ? [0, held.length] : [-1, held.length - 1];
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + held.length : at, low), high);
  const from = bound(start);
  const to = bound(stop);
  const first = from === undefined ? (stride > 0 ? low : high) : clamp(from);
  const last = to === undefined ? (stride > 0 ? high : low) : clamp(to);
  const picked: unknown[] = [];
  for (let at = first; stride > 0 ? at < last : at > last; at += stride) picked.push(held[at]);
  if (typeof object === 'string') return picked.join('');
  return object instanceof Tuple ? Tuple.make(picked) : picked;
}

function bound(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Float) throw new TemplateError('slice indices must be integers');
  return toIndex(value, 'a slice index');
}
