import { checkLength } from './budget.ts';
import { copy, pairs } from './dict-methods.ts';
import { type Definition, define, defineWithContext } from './functions.ts';
import { type Dict, isMapping, Namespace, setKey } from './kinds.ts';
import { lookup, query } from './lookups/lookups.ts';
import type { LookupOptions } from './lookups/terms.ts';
import { toIndex } from './numbers.ts';
import { currentTime } from './time-text.ts';
import { TemplateError } from './values.ts';

/** Functions that every expression can call. */
const globals: ReadonlyMap<string, Definition> = new Map(
  Object.entries({
    range: define('start stop step', range),
    dict: define('source **named', (_none: unknown, source: unknown, named: Dict) => withNamed(source, named)),
    namespace: define('source **named', (_none: unknown, source: unknown, named: Dict) => {
      const namespace = new Namespace();
      Object.assign(namespace.members, withNamed(source, named));
      return namespace;
    }),
    lookup: defineWithContext(
      '*terms **options',
      (context, _none: unknown, terms: readonly unknown[], options: LookupOptions) => lookup(context, terms, options),
    ),
    query: defineWithContext(
      '*terms **options',
      (context, _none: unknown, terms: readonly unknown[], options: LookupOptions) => query(context, terms, options),
    ),
    q: defineWithContext(
      '*terms **options',
      (context, _none: unknown, terms: readonly unknown[], options: LookupOptions) => query(context, terms, options),
    ),
    now: define('utc fmt', (_none: unknown, utc?: boolean, format?: string) => currentTime(utc === true, format)),
  }),
);

export function globalNamed(name: string): Definition | undefined {
  return globals.get(name);
}

function range(_none: unknown, first: unknown, second?: unknown, third: unknown = 1): number[] {
  if (first === undefined) throw new TemplateError('range() needs at least one argument');
  const start = second === undefined ? 0 : toIndex(first, 'the start');
  const stop = toIndex(second ?? first, 'the end');
  const step = toIndex(third, 'the step');
  if (step === 0) throw new TemplateError('the step of range() must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  checkLength(length);
  return Array.from({ length }, (_, index) => start + index * step);
}

function withNamed(source: unknown, named: Dict): Dict {
  const dict: Dict = isMapping(source) ? copy(source) : {};
  if (source !== undefined && !isMapping(source)) for (const [key, value] of pairs(source)) setKey(dict, key, value);
  for (const [key, value] of Object.entries(named)) setKey(dict, key, value);
  return dict;
}
