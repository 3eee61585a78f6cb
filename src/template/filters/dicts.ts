import { order } from '../compare.ts';
import { copy, entries, pairs } from '../dict-methods.ts';
import { define } from '../functions.ts';
import { type Dict, elements, entryOf, isMapping, isTrue, keyText, setKey, Tuple, typeName } from '../kinds.ts';
import { own } from '../methods.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';
import { foldCase, identity } from './attributes.ts';
import { flatten } from './lists.ts';

/** Filters on maps. */
export const dictFilters = {
  combine: define('*dicts recursive list_merge', combine),
  dict2items: define('key_name value_name', (value: unknown, keyName: unknown = 'key', valueName: unknown = 'value') =>
    entries(mapOf(value, 'dict2items')).map(([key, item]) => ({ [str(keyName)]: key, [str(valueName)]: item })),
  ),
  items2dict: define('key_name value_name', items2dict),
  items: define('', (value: unknown) => entries(mapOf(value, 'items')).map((entry) => Tuple.make(entry))),
  dictsort: define('case_sensitive by reverse', dictSort),
  rekey_on_member: define('key duplicates', rekeyOnMember),
  dict: define('', (value: unknown) => {
    const dict: Dict = {};
    for (const [key, item] of pairs(value)) setKey(dict, key, item);
    return own(dict);
  }),
};

function rekeyOnMember(value: unknown, key: unknown, duplicates: unknown = 'error'): Dict {
  if (duplicates !== 'error' && duplicates !== 'overwrite') {
    throw new TemplateError("rekey_on_member: duplicates is 'error' or 'overwrite'");
  }
  const dict: Dict = {};
  for (const item of isMapping(value) ? entries(value).map(([, each]) => each) : elements(value)) {
    const name = entryOf(mapOf(item, 'rekey_on_member'), str(key));
    if (name === undefined) throw new TemplateError(`rekey_on_member: an item has no '${str(key)}'`);
    if (duplicates === 'error' && Object.hasOwn(dict, keyText(name))) {
      throw new TemplateError(`rekey_on_member: '${str(name)}' stands there twice`);
    }
    setKey(dict, keyText(name), item);
  }
  return own(dict);
}

function mapOf(value: unknown, filter: string): Dict {
  if (isMapping(value)) return copy(value);
  throw new TemplateError(`${filter} needs a map, not a ${typeName(value)}`);
}

function combine(
  value: unknown,
  others: readonly unknown[],
  recursive: unknown = false,
  listMerge: unknown = 'replace',
): Dict {
  const how = str(listMerge);
  if (!mergers.has(how))
    throw new TemplateError(`combine: list_merge '${how}' is not one of ${[...mergers.keys()].join(', ')}`);
  const dicts = flatten([value, ...others], Infinity, false).map((one) => mapOf(one, 'combine'));
  return own(dicts.reduce((made, next) => merge(made, next, isTrue(recursive), how), {}));
}

function merge(below: Dict, above: Dict, recursive: boolean, how: string): Dict {
  const merged = copy(below);
  for (const [key, item] of Object.entries(above)) {
    const held = entryOf(merged, key);
    if (recursive && isMapping(held) && isMapping(item)) setKey(merged, key, merge(copy(held), copy(item), true, how));
    else if (Array.isArray(held) && Array.isArray(item)) setKey(merged, key, mergers.get(how)?.(held, item) ?? item);
    else setKey(merged, key, item);
  }
  return merged;
}

type MergeLists = (below: readonly unknown[], above: readonly unknown[]) => readonly unknown[];

const without: MergeLists = (list, dropped) => {
  const drop = new Set(dropped.map(identity));
  return list.filter((item) => !drop.has(identity(item)));
};

const mergers: ReadonlyMap<string, MergeLists> = new Map(
  Object.entries({
    replace: (_below, above) => above,
    keep: (below) => below,
    append: (below, above) => [...below, ...above],
    prepend: (below, above) => [...above, ...below],
    append_rp: (below, above) => [...without(below, above), ...above],
    prepend_rp: (below, above) => [...above, ...without(below, above)],
  } satisfies Record<string, MergeLists>),
);

function items2dict(value: unknown, keyName: unknown = 'key', valueName: unknown = 'value'): Dict {
  const dict: Dict = {};
  for (const item of elements(value)) {
    const entry = mapOf(item, 'items2dict');
    const key = entryOf(entry, str(keyName));
    const held = entryOf(entry, str(valueName));
    if (key === undefined || held === undefined) {
      throw new TemplateError(`items2dict: an item has no '${str(key === undefined ? keyName : valueName)}'`);
    }
    setKey(dict, keyText(key), held);
  }
  return own(dict);
}

function dictSort(
  value: unknown,
  caseSensitive: unknown = false,
  by: unknown = 'key',
  reverse: unknown = false,
): Tuple[] {
  if (by !== 'key' && by !== 'value') throw new TemplateError("dictsort sorts by 'key' or 'value'");
  const fold = foldCase(caseSensitive);
  const position = by === 'key' ? 0 : 1;
  const direction = isTrue(reverse) ? -1 : 1;
  return entries(mapOf(value, 'dictsort'))
    .sort((a, b) => direction * order(fold(a[position]), fold(b[position])))
    .map((entry) => Tuple.make(entry));
}
