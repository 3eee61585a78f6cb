import { isDeepStrictEqual } from 'node:util';

/** One finding of a compiled validator (ajv's error object, as far as it is used here). */
export interface Violation {
  /** JSON pointer to the value: `/nodes/0/port`. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** A validator that scripts/generate.mjs compiled from a schema. */
export interface Validator {
  (value: unknown): boolean;
  errors?: readonly Violation[] | null;
}

/** What compiled validators call for `const`, `enum` of containers and `uniqueItems`. */
export const isEqual = isDeepStrictEqual;

/** What compiled validators call for `minLength` and `maxLength`: characters, not UTF-16 units. */
export function countCharacters(text: string): number {
  return [...text].length;
}
