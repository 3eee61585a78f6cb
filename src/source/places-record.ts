import type { Span } from '../errors/diagnostic.ts';
import { isJsonContainer, isJsonScalar } from '../template/json-value.ts';
import { keySpanOf, recordPlaces, recordSourceText, sourceText, spanOf } from './positions.ts';

/**
 * Where everything in a value came from, as plain numbers that go into a file: for each container, in the order in which one walks
 * them, its own place, then those of its entries; of a map that of the key first. A place is line, column, last line, last column.
 */
export interface PlacesRecord {
  readonly places: readonly number[];
  /** How values were written: number of the container, key, text. */
  readonly texts: readonly (readonly [container: number, key: string | number, text: string])[];
}

type Container = readonly unknown[] | Readonly<Record<string, unknown>>;

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function keysOf(container: Container): readonly (string | number)[] {
  return Array.isArray(container) ? [...container.keys()] : Object.keys(container);
}

function entryOf(container: Container, key: string | number): unknown {
  return (container as Readonly<Record<string | number, unknown>>)[key];
}

/** The record of a value read from a source; undefined for what JSON cannot hold: shared parts, secrets, unusual numbers. */
export function recordOf(value: unknown): PlacesRecord | undefined {
  const places: number[] = [];
  const texts: [number, string | number, string][] = [];
  const seen = new Set<unknown>();
  const add = (span: Span | undefined): boolean => {
    if (span === undefined) return false;
    places.push(span.line, span.column, span.endLine, span.endColumn);
    return true;
  };
  const walk = (container: Container): boolean => {
    if (seen.has(container) || !isJsonContainer(container) || !add(spanOf(container))) return false;
    const number = seen.size;
    seen.add(container);
    for (const key of keysOf(container)) {
      if (typeof key === 'string' && !add(keySpanOf(container, key))) return false;
      if (!add(spanOf(container, key))) return false;
      const text = sourceText(container, key);
      if (text !== undefined) texts.push([number, key, text]);
      const inner = entryOf(container, key);
      if (isContainer(inner) ? !walk(inner) : !isJsonScalar(inner)) return false;
    }
    return true;
  };
  return isContainer(value) && walk(value) ? { places, texts } : undefined;
}

/** Give a value that JSON gave back the places that were recorded of it. */
export function restorePlaces(value: unknown, file: string, { places, texts }: PlacesRecord): void {
  const containers: Container[] = [];
  let at = 0;
  const number = () => places[at++] ?? 1;
  const next = (): Span => {
    return { file, line: number(), column: number(), endLine: number(), endColumn: number() };
  };
  const walk = (container: Container): void => {
    containers.push(container);
    const self = next();
    const keySpans = new Map<string | number, Span>();
    const valueSpans = new Map<string | number, Span>();
    for (const key of keysOf(container)) {
      if (typeof key === 'string') keySpans.set(key, next());
      valueSpans.set(key, next());
      const inner = entryOf(container, key);
      if (isContainer(inner)) walk(inner);
    }
    recordPlaces(container, self, keySpans, valueSpans);
  };
  if (isContainer(value)) walk(value);
  for (const [index, key, text] of texts) {
    const container = containers[index];
    if (container !== undefined) recordSourceText(container, key, text);
  }
}
