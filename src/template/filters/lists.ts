import { itemOf } from '../access.ts';
import { checkLength } from '../budget.ts';
import { equals, order } from '../compare.ts';
import { copy, pairs } from '../dict-methods.ts';
import { define } from '../functions.ts';
import { elements, entryOf, isMapping, isTrue, Tuple, typeName } from '../kinds.ts';
import { own } from '../methods.ts';
import { toIndex } from '../numbers.ts';
import { str, textLength } from '../python-text.ts';
import { known, Undefined } from '../undefined.ts';
import { TemplateError } from '../values.ts';
import { attributeGetter, foldCase, identity } from './attributes.ts';
import { joined } from './text.ts';

/** Filters on lists. */
export const listFilters = {
  list: define('', (value: unknown) => own([...elements(value)])),
  length: define('', length),
  count: define('', length),
  first: define('', (value: unknown) => at(value, 0, 'first')),
  last: define('', (value: unknown) => at(value, -1, 'last')),
  join: define('d attribute', (value: unknown, separator: unknown = '', attribute?: unknown) =>
    joined(value, str(separator), attribute === undefined ? (item) => item : attributeGetter(attribute)),
  ),
  reverse: define('', (value: unknown) =>
    typeof value === 'string' ? [...value].reverse().join('') : own([...elements(value)].reverse()),
  ),
  sort: define('reverse case_sensitive attribute', sort),
  unique: define('case_sensitive attribute', unique),
  min: define('case_sensitive attribute', (value: unknown, sensitive: unknown, attribute: unknown) =>
    extreme(value, sensitive, attribute, 'min', (difference) => difference < 0),
  ),
  max: define('case_sensitive attribute', (value: unknown, sensitive: unknown, attribute: unknown) =>
    extreme(value, sensitive, attribute, 'max', (difference) => difference > 0),
  ),
  flatten: define('levels skip_nulls', (value: unknown, levels?: unknown, skipNulls: unknown = true) =>
    flatten(value, levels === undefined || levels === null ? Infinity : toIndex(levels, 'levels'), skipNulls !== false),
  ),
  batch: define('linecount fill_with', batch),
  slice: define('slices fill_with', slices),
  groupby: define('attribute default case_sensitive', groupBy),
  subelements: define('subelements skip_missing', subelements),
  extract: define('container morekeys', (key: unknown, container: unknown, more?: unknown) => {
    const path: unknown[] = more === undefined || more === null ? [] : Array.isArray(more) ? more : [more];
    return [key, ...path].reduce((holder, step) => itemOf(holder, step), container);
  }),
};

function length(value: unknown): number {
  if (typeof value === 'string') return textLength(value);
  if (Array.isArray(value) || isMapping(value)) return elements(value).length;
  throw new TemplateError(`a value of type '${typeName(value)}' has no length`);
}

function at(value: unknown, index: number, which: string): unknown {
  const item = elements(value).at(index);
  return item === undefined ? new Undefined(which, `there is no ${which} item: the list is empty`, () => []) : item;
}

function sort(value: unknown, reverse: unknown, caseSensitive: unknown, attribute: unknown): unknown[] {
  const fold = foldCase(caseSensitive);
  const paths = attribute === undefined || attribute === null ? [] : str(attribute).split(',');
  const getters =
    typeof attribute === 'string'
      ? paths.map((path) => attributeGetter(path))
      : attribute === undefined
        ? []
        : [attributeGetter(attribute)];
  const keyed = elements(value).map((item) => {
    const keys = getters.map((get) => fold(known(get(item))));
    return [getters.length === 0 ? fold(known(item)) : Tuple.make(keys), item] as const;
  });
  const direction = isTrue(reverse ?? false) ? -1 : 1;
  return own(keyed.sort(([a], [b]) => direction * order(a, b)).map(([, item]) => item));
}

export function unique(value: unknown, caseSensitive: unknown = false, attribute?: unknown): unknown[] {
  const fold = foldCase(caseSensitive);
  const get = attribute === undefined ? (item: unknown) => item : attributeGetter(attribute);
  const seen = new Set<string>();
  return own(
    elements(value).filter((item) => {
      const key = identity(fold(known(get(item))));
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    }),
  );
}

function extreme(
  value: unknown,
  caseSensitive: unknown,
  attribute: unknown,
  name: string,
  better: (difference: number) => boolean,
): unknown {
  const fold = foldCase(caseSensitive);
  const get = attribute === undefined ? (item: unknown) => item : attributeGetter(attribute);
  const [first, ...rest] = elements(value);
  if (first === undefined) return new Undefined(name, `there is no ${name} item: the list is empty`, () => []);
  return rest.reduce((best, item) => (better(order(fold(get(item)), fold(get(best)))) ? item : best), first);
}

export function flatten(value: unknown, levels: number, skipNulls: boolean): unknown[] {
  const flat: unknown[] = [];
  for (const item of elements(value)) {
    if (skipNulls && (item === null || item === 'None' || item === 'null')) continue;
    if (Array.isArray(item) && levels >= 1) flat.push(...flatten(item, levels - 1, skipNulls));
    else flat.push(item);
  }
  return own(flat);
}

function batch(value: unknown, size: unknown, fill?: unknown): unknown[][] {
  const width = toIndex(size, 'linecount');
  if (width < 1) throw new TemplateError('batch needs a positive number');
  const items = elements(value);
  const rows: unknown[][] = [];
  for (let from = 0; from < items.length; from += width) rows.push(items.slice(from, from + width));
  const last = rows.at(-1);
  if (fill !== undefined && fill !== null && last !== undefined) {
    checkLength(width);
    while (last.length < width) last.push(fill);
  }
  return rows;
}

function slices(value: unknown, count: unknown, fill?: unknown): unknown[][] {
  const columns = toIndex(count, 'slices');
  if (columns < 1) throw new TemplateError('slice needs a positive number');
  checkLength(columns);
  const items = elements(value);
  const short = Math.floor(items.length / columns);
  const longer = items.length % columns;
  return Array.from({ length: columns }, (_, column) => {
    const from = column * short + Math.min(column, longer);
    const part = items.slice(from, from + short + (column < longer ? 1 : 0));
    return fill !== undefined && fill !== null && column >= longer ? [...part, fill] : part;
  });
}

function groupBy(value: unknown, attribute: unknown, fallback?: unknown, caseSensitive: unknown = false): Tuple[] {
  const get = attributeGetter(attribute, fallback);
  const fold = foldCase(caseSensitive);
  const keyed = elements(value).map((item) => {
    const key = known(get(item));
    return { key, folded: fold(key), item };
  });
  const groups: { key: unknown; folded: unknown; items: unknown[] }[] = [];
  for (const { key, folded, item } of keyed.sort((a, b) => order(a.folded, b.folded))) {
    const last = groups.at(-1);
    if (last !== undefined && equals(last.folded, folded)) last.items.push(item);
    else groups.push({ key, folded, items: [item] });
  }
  return groups.map(({ key, items }) => Tuple.make([key, items]));
}

/** Ansible's `subelements`: each item paired with each element of one of its lists. */
function subelements(value: unknown, path: unknown, skipMissing: unknown = false): Tuple[] {
  const steps = Array.isArray(path) ? path.map(str) : str(path).split('.');
  const parents = isMapping(value) ? pairs(value).map(([, item]) => item) : elements(value);
  return parents.flatMap((parent) => {
    let inner: unknown = parent;
    for (const step of steps) {
      inner = isMapping(inner) ? entryOf(inner, step) : undefined;
      if (inner !== undefined) continue;
      if (isTrue(skipMissing)) return [];
      throw new TemplateError(`subelements: '${step}' is missing in an item`);
    }
    if (!Array.isArray(inner)) throw new TemplateError(`subelements: '${steps.join('.')}' is not a list`);
    const shown = isMapping(parent) ? copy(parent) : parent;
    return inner.map((element) => Tuple.make([shown, element]));
  });
}
