import type { Context } from '../functions.ts';
import { type Dict, isTrue } from '../kinds.ts';
import { own } from '../methods.ts';
import { nearestName } from '../nearest-name.ts';
import { TemplateError } from '../values.ts';
import { dataLookups } from './data.ts';
import { fileLookups } from './files.ts';
import { password } from './password.ts';
import { pipe } from './pipe.ts';
import { sequence } from './sequence.ts';
import { templateLookup } from './template.ts';
import type { Lookup, LookupOptions } from './terms.ts';

export const lookups: ReadonlyMap<string, Lookup> = new Map(
  Object.entries({
    ...dataLookups,
    ...fileLookups,
    password,
    pipe,
    sequence,
    template: templateLookup,
  } satisfies Record<string, Lookup>),
);

const collections = /^(?:ansible\.builtin|ansible\.legacy|community\.general)\./;
const ownOptions = new Set(['wantlist', 'errors']);

/** `query(name, …)`: always a list. `errors='ignore'` turns a failure into an empty list. */
export function query(context: Context, terms: readonly unknown[], options: LookupOptions): unknown[] {
  const [name, ...rest] = terms;
  if (typeof name !== 'string') throw new TemplateError('a lookup needs its name first');
  const found = lookupNamed(name);
  const others: Dict = Object.fromEntries(Object.entries(options).filter(([key]) => !ownOptions.has(key)));
  try {
    return own([...found(context, rest, others)]);
  } catch (error) {
    const isIgnored = options.errors === 'ignore' || options.errors === 'warn';
    if (isIgnored && error instanceof TemplateError) return own([]);
    throw error;
  }
}

/** `lookup(name, …)`: one result as it is, several texts joined by commas. */
export function lookup(context: Context, terms: readonly unknown[], options: LookupOptions): unknown {
  const results = query(context, terms, options);
  if (isTrue(options.wantlist ?? false)) return results;
  if (results.length === 1) return results[0];
  if (results.length === 0 && options.errors !== undefined) return null;
  return results.every((result) => typeof result === 'string') ? results.join(',') : results;
}

export function lookupNamed(name: string): Lookup {
  const found = lookups.get(name.replace(collections, ''));
  if (found !== undefined) return found;
  const nearest = nearestName(name, lookups.keys());
  throw new TemplateError(`there is no lookup '${name}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`);
}
