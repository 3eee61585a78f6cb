import type { Span } from '../errors/diagnostic.ts';

/**
 * Values read from YAML stay plain objects and arrays; where each came from is kept beside them, by identity of the
 * container. A scalar is found through the container and the key that hold it, so nothing needs a wrapper and any later
 * error can still point at its line.
 */
interface Places {
  readonly self: Span;
  readonly keys: ReadonlyMap<string | number, Span>;
  readonly values: ReadonlyMap<string | number, Span>;
}

const placesOf = new WeakMap<object, Places>();

/** Record where a container and its entries stand. Only readers of source files call this. */
export function recordPlaces(
  container: object,
  self: Span,
  keys: ReadonlyMap<string | number, Span>,
  values: ReadonlyMap<string | number, Span>,
): void {
  placesOf.set(container, { self, keys, values });
}

/** Where a container stands, or, with `key`, where the value under that key stands. */
export function spanOf(container: unknown, key?: string | number): Span | undefined {
  if (typeof container !== 'object' || container === null) return undefined;
  const places = placesOf.get(container);
  if (key === undefined) return places?.self;
  return places?.values.get(key) ?? places?.self;
}

/** Where the key itself stands (for "unknown key" and the like). */
export function keySpanOf(container: unknown, key: string | number): Span | undefined {
  if (typeof container !== 'object' || container === null) return undefined;
  const places = placesOf.get(container);
  return places?.keys.get(key) ?? places?.self;
}

export { recordSourceText, sourceText } from '../template/source-text.ts';
