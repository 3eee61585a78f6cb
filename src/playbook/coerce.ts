import { Unknown, UnsafeText } from '../template/values.ts';
import { readFileMode } from './file-mode.ts';
import type { ArgumentSchema } from './schema.ts';

/** A value that does not fit; `path` leads to it from the argument. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  readonly problem: string;
  readonly hint?: string | undefined;
}

export interface Coercion {
  /** After rendering. Before, texts with templates in them are left alone, and so is what is not known yet. */
  readonly strict: boolean;
  /** A number as it stands in the source file, where known: tells `7.0` from `7` and `0644` from `420`. */
  writtenAt(path: readonly (string | number)[]): string | undefined;
  report(misfit: Misfit): void;
}

const trueWords = new Set(['true', 'yes', 'on', '1', 't', 'y']);
const falseWords = new Set(['false', 'no', 'off', '0', 'f', 'n']);

/** Ansible's words for true and false, in any case; `undefined` for anything else. */
export function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (trueWords.has(word)) return true;
  return falseWords.has(word) ? false : undefined;
}

export function isTemplate(value: unknown): value is string {
  return typeof value === 'string' && /\{\{|\{%|\{#/.test(value);
}

/**
 * Bring a value into the type that its schema wants, as Ansible does: words for booleans, texts for numbers, comma-separated
 * texts for lists. What cannot be converted is returned as it is, for the validator to complain about.
 */
export function coerce(
  schema: ArgumentSchema,
  value: unknown,
  how: Coercion,
  path: readonly (string | number)[],
): unknown {
  if (value instanceof UnsafeText) return how.strict ? coerce(schema, value.text, how, path) : value;
  if (value instanceof Unknown || schema['x-format'] === 'expression') return asList(schema, value);
  if (isTemplate(value) && !how.strict) return value;
  if (schema['x-format'] === 'boolean-or-word') return readBoolean(value) ?? value;
  switch (schema.type) {
    case 'string':
      return toText(schema, value, how, path);
    case 'boolean':
      return readBoolean(value) ?? value;
    case 'integer':
    case 'number':
      return schema['x-format'] === 'bytes' ? (readBytes(value) ?? value) : (readNumber(value) ?? value);
    case 'array':
      return toArray(schema, value, how, path);
    case 'object':
      return toObject(schema, value, how, path);
    default:
      return value;
  }
}

function asList(schema: ArgumentSchema, value: unknown): unknown {
  return schema.type === 'array' && !Array.isArray(value) && !(value instanceof Unknown) ? [value] : value;
}

function toText(schema: ArgumentSchema, value: unknown, how: Coercion, path: readonly (string | number)[]): unknown {
  const written = how.writtenAt(path);
  const format = schema['x-format'];
  if (format === 'mode' && (typeof value === 'string' || typeof value === 'number')) {
    const read = readFileMode(value, written);
    if ('mode' in read) return read.mode;
    how.report({ path, problem: read.problem, hint: read.hint });
    return '';
  }
  if (typeof value === 'number') {
    const text = String(value);
    const lost = written !== undefined && written !== text;
    if (lost || format === 'version') {
      const problem = lost
        ? `${written} without quotes is the number ${text}`
        : `${text} is a number, a version is text`;
      how.report({ path, problem, hint: lost ? 'quote it' : `quote it: "7.0" without quotes loses its ".0"` });
    }
    return text;
  }
  // Ansible's own spelling of a boolean that a template gives to a text argument; no mode is spelled so.
  if (typeof value === 'boolean' && how.strict && format !== 'mode') return value ? 'True' : 'False';
  return value;
}

function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*[-+]?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** Ansible's `human_to_bytes`: powers of 1024, `K M G T P`, an optional `B`. */
function readBytes(value: unknown): number | undefined {
  if (typeof value !== 'string') return readNumber(value);
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)b?\s*$/i.exec(value);
  if (parts === null) return undefined;
  const power = ' kmgtp'.indexOf((parts[2] || ' ').toLowerCase());
  return Math.round(Number(parts[1]) * 1024 ** power);
}

function toArray(schema: ArgumentSchema, value: unknown, how: Coercion, path: readonly (string | number)[]): unknown {
  const items = schema.items ?? {};
  const splits = items.type === 'string' || items.type === 'integer' || items.type === 'number';
  let list: unknown = value;
  if (schema['x-format'] === 'strict-list' && !Array.isArray(value)) return value;
  if (typeof value === 'string') list = splits && !schema['x-one-per-line'] ? splitAtCommas(value) : [value];
  else if (typeof value === 'number' || typeof value === 'boolean') list = [value];
  if (!Array.isArray(list)) return list;
  const isSplit = list !== value;
  return list.map((each, index) => coerce(items, each, how, isSplit ? path : [...path, index]));
}

function splitAtCommas(text: string): string[] {
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

function toObject(schema: ArgumentSchema, value: unknown, how: Coercion, path: readonly (string | number)[]): unknown {
  const map = typeof value === 'string' ? readJson(value) : value;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return value;
  const open = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(map)) {
    if (each === null && schema.properties?.[key] !== undefined) continue;
    result[key] = coerce(schema.properties?.[key] ?? open, each, how, [...path, key]);
  }
  if (how.strict) fillDefaults(schema, result);
  return result;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Defaults are copied: a module may keep or change what it gets. */
export function fillDefaults(schema: ArgumentSchema, values: Record<string, unknown>): void {
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    if (values[name] === undefined && part.default !== undefined) values[name] = structuredClone(part.default);
  }
}
