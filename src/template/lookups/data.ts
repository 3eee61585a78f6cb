import { copy, entries } from '../dict-methods.ts';
import { environment } from '../environment.ts';
import { flatten } from '../filters/lists.ts';
import { pick } from '../filters/numbers.ts';
import { elements, isMapping, Tuple, typeName } from '../kinds.ts';
import { str } from '../python-text.ts';
import { Undefined } from '../undefined.ts';
import { TemplateError, UnsafeText } from '../values.ts';
import { allowOptions, type Lookup, textTerms } from './terms.ts';

const nested: Lookup = (_context, terms) =>
  terms
    .map(elements)
    .reduce<unknown[][]>((made, list) => made.flatMap((row) => list.map((item) => [...row, item])), [[]]);

/** Lookups in what is already at hand: variables, the environment, lists and maps. */
export const dataLookups = {
  env: (_context, terms, options) => {
    allowOptions('env', options, ['default']);
    return textTerms(terms).map((name) => environment(name) ?? options.default ?? '');
  },
  vars: (context, terms, options) => {
    allowOptions('vars', options, ['default']);
    return textTerms(terms).map((name) => {
      const value = context.scope.lookup(name);
      if (value instanceof UnsafeText) return value.text;
      if (value !== undefined) return value;
      if (options.default !== undefined) return options.default;
      return new Undefined(name, `lookup 'vars': '${name}' is undefined`, () => context.scope.names()).fail();
    });
  },
  dict: (_context, terms) =>
    flatten(terms, 1, false).flatMap((term) => {
      if (!isMapping(term)) throw new TemplateError(`lookup 'dict' needs a map, not a ${typeName(term)}`);
      return entries(term).map(([key, value]) => ({ key, value }));
    }),
  items: (_context, terms) => terms.flat(),
  list: (_context, terms) => terms,
  flattened: (_context, terms) => flatten(terms, Infinity, true),
  together: (_context, terms) => {
    const lists = terms.map(elements);
    const length = Math.max(0, ...lists.map((list) => list.length));
    return Array.from({ length }, (_, index) => lists.map((list) => list[index] ?? null));
  },
  nested,
  cartesian: nested,
  indexed_items: (_context, terms) => flatten(terms, 1, false).map((item, index) => Tuple.make([index, item])),
  subelements: (context, terms) => {
    const [list, path, flags] = terms;
    const skip = isMapping(flags) ? copy(flags).skip_missing === true : false;
    const pairs = elements(context.filter('subelements', list, [path, skip], new Map()));
    return pairs.map((pair) => {
      const [item, element] = elements(pair);
      return Tuple.make([without(item, str(path).split('.')), element]);
    });
  },
  random_choice: (_context, terms) => {
    const list = terms.length === 1 && Array.isArray(terms[0]) ? (terms[0] as unknown[]) : terms;
    return list.length === 0 ? [] : [list[pick(list.length)]];
  },
  varnames: (context, terms) => {
    const names = [...context.scope.names()];
    return terms.flatMap((pattern) => names.filter((name) => context.test('search', name, [pattern])));
  },
} satisfies Record<string, Lookup>;

/** The item without the list that its elements came from. */
function without(item: unknown, [step = '', ...deeper]: readonly string[]): unknown {
  if (!isMapping(item)) return item;
  const left = copy(item);
  if (deeper.length > 0) left[step] = without(left[step], deeper);
  else delete left[step];
  return left;
}
