import { nearest } from '../source/nearest.ts';
import { isTemplate } from './coerce.ts';
import { type ArgumentSchema, partAt } from './schema.ts';
import type { Violation } from './validator.ts';

/** A validator's finding in words that name the argument. */
export interface Explained {
  readonly path: readonly (string | number)[];
  /** The finding is about this key of the value at `path`. */
  readonly key?: string;
  readonly code: 'wrong-type' | 'wrong-value' | 'unknown-argument' | 'missing-argument';
  /** Follows the argument's name. */
  readonly problem: string;
  readonly hint?: string | undefined;
  /** The value holds a template: judged again when it is rendered. */
  readonly isTemplate: boolean;
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a map',
  string: 'text',
};

export function explainViolation(violation: Violation, schema: ArgumentSchema, root: unknown): Explained {
  const path = pathOf(violation.instancePath, root);
  const value = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], root);
  const part = partAt(schema, path);
  return { path, isTemplate: isTemplate(value), ...explain(violation, value, part) };
}

function explain(
  violation: Violation,
  value: unknown,
  part: ArgumentSchema | undefined,
): Omit<Explained, 'path' | 'isTemplate'> {
  const { params } = violation;
  switch (violation.keyword) {
    case 'type':
      return {
        code: 'wrong-type',
        problem: `must be ${nameTypes(params.type)}, not ${describe(value)}`,
        hint: hintFor(part, value),
      };
    case 'enum':
      return explainEnum(params.allowedValues, value);
    case 'required': {
      const key = String(params.missingProperty);
      return { code: 'missing-argument', problem: `needs "${key}"`, hint: part?.properties?.[key]?.description };
    }
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const near = nearest(key, Object.keys(part?.properties ?? {}));
      const hint =
        near === undefined ? `it takes: ${Object.keys(part?.properties ?? {}).join(', ')}` : `did you mean "${near}"?`;
      return { code: 'unknown-argument', key, problem: `has an unknown key "${key}"`, hint };
    }
    default:
      return {
        code: 'wrong-value',
        problem: `${violation.message ?? violation.keyword}, not ${describe(value)}`,
        hint: part?.description,
      };
  }
}

function explainEnum(allowed: unknown, value: unknown): Omit<Explained, 'path' | 'isTemplate'> {
  const words = Array.isArray(allowed) ? allowed.map(String) : [];
  const near = typeof value === 'string' ? nearest(value, words) : undefined;
  return {
    code: 'wrong-value',
    problem: `must be one of ${words.join(', ')}, not ${describe(value)}`,
    hint: near === undefined ? undefined : `did you mean "${near}"?`,
  };
}

function hintFor(part: ArgumentSchema | undefined, value: unknown): string | undefined {
  if (isBraceMap(value)) return 'quote the template: "{{ … }}"';
  if (part?.type === 'string' && typeof value === 'boolean') return 'quote it';
  return undefined;
}

/** `key: {{ x }}` without quotes is a map with a map as its key for YAML. */
function isBraceMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && /^\{.*\}$|^\[object Object\]$/.test(keys[0] ?? '');
}

function nameTypes(type: unknown): string {
  const types = Array.isArray(type) ? type : [type];
  return types.map((each) => typeNames[String(each)] ?? String(each)).join(' or ');
}

/** A value as the user knows it, short. */
function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** JSON pointer to keys, with indices of lists as numbers. */
function pathOf(pointer: string, root: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  let at: unknown = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(key) : key);
    at = (at as Record<string, unknown> | undefined)?.[key];
  }
  return path;
}
