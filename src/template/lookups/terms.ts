import { flatten } from '../filters/lists.ts';
import type { Context } from '../functions.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';

export type LookupOptions = Readonly<Record<string, unknown>>;
/** Terms in, one list of results out. Runs on the control machine. */
export type Lookup = (context: Context, terms: readonly unknown[], options: LookupOptions) => readonly unknown[];

/** Options that a lookup does not know are errors, not silence. */
export function allowOptions(lookupName: string, options: LookupOptions, allowed: readonly string[]): void {
  const other = Object.keys(options).find((key) => !allowed.includes(key));
  if (other !== undefined) throw new TemplateError(`lookup '${lookupName}' has no option '${other}'`);
}

export function textTerms(terms: readonly unknown[]): string[] {
  return flatten(terms, Infinity, false).map(str);
}
