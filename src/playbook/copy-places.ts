import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf, recordPlaces, recordSourceText, sourceText, spanOf } from '../source/positions.ts';

/** Give a map that was made from another one the positions of its entries. `names`: key here to key there. */
export function copyPlaces(from: unknown, to: object, names: ReadonlyMap<string, string> = sameNames(to)): void {
  const self = spanOf(from);
  if (self === undefined) return;
  const keys = new Map<string, Span>();
  const values = new Map<string, Span>();
  for (const [own, key] of names) {
    keys.set(own, keySpanOf(from, key) ?? self);
    values.set(own, spanOf(from, key) ?? self);
    const text = sourceText(from, key);
    if (text !== undefined) recordSourceText(to, own, text);
  }
  recordPlaces(to, self, keys, values);
}

function sameNames(map: object): ReadonlyMap<string, string> {
  return new Map(Object.keys(map).map((key) => [key, key]));
}

/** Two maps as one, `above` winning, every entry with its own position. */
export function joinMaps(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const joined = { ...below, ...above };
  const self = spanOf(above) ?? spanOf(below);
  if (self === undefined) return joined;
  const keys = new Map<string, Span>();
  const values = new Map<string, Span>();
  for (const key of Object.keys(joined)) {
    const from = Object.hasOwn(above, key) ? above : below;
    keys.set(key, keySpanOf(from, key) ?? self);
    values.set(key, spanOf(from, key) ?? self);
    const text = sourceText(from, key);
    if (text !== undefined) recordSourceText(joined, key, text);
  }
  recordPlaces(joined, self, keys, values);
  return joined;
}

/** Let the properties of a play or task be found in the file: `delegateTo` stands where the map has `delegate_to`. */
export function placeProperties(from: object, to: object): void {
  const inCamelCase = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  copyPlaces(from, to, new Map(Object.keys(from).map((key) => [inCamelCase(key), key])));
}
