import { spend } from './budget.ts';
import { type Definition, define } from './functions.ts';
import { type Dict, elements, entryOf, isMapping, keysOf, keyText, setKey, Tuple } from './kinds.ts';
import { type LazyMap, TemplateError } from './values.ts';

type Map_ = Dict | LazyMap;

/** Python's `dict` methods. `keys()`, `values()` and `items()` give lists. */
export const dictMethods: ReadonlyMap<string, Definition> = new Map(
  Object.entries({
    get: define(
      'key default',
      (map: Map_, key: unknown, fallback: unknown = null) => entryOf(map, keyText(key)) ?? fallback,
    ),
    keys: define('', (map: Map_) => keysOf(map)),
    values: define('', (map: Map_) => entries(map).map(([, value]) => value)),
    items: define('', (map: Map_) => entries(map).map((entry) => Tuple.make(entry))),
    copy: define('', (map: Map_) => copy(map)),
    update: define('other **named', (map: Dict, other: unknown, named: Dict) => {
      if (other !== undefined) for (const [key, value] of pairs(other)) setKey(map, key, value);
      for (const [key, value] of Object.entries(named)) setKey(map, key, value);
      return null;
    }),
    setdefault: define('key default', (map: Dict, key: unknown, fallback: unknown = null) => {
      const held = entryOf(map, keyText(key));
      if (held === undefined) setKey(map, keyText(key), fallback);
      return held ?? fallback;
    }),
    pop: define('key default', (map: Dict, key: unknown, fallback: unknown) => {
      const held = entryOf(map, keyText(key)) ?? fallback;
      if (held === undefined) throw new TemplateError(`the map has no key '${keyText(key)}'`);
      delete map[keyText(key)];
      return held;
    }),
    clear: define('', (map: Dict) => {
      for (const key of Object.keys(map)) delete map[key];
      return null;
    }),
  }),
);

/** The map's entries, lazy ones computed now. */
export function entries(map: Map_): (readonly [string, unknown])[] {
  const keys = keysOf(map);
  spend(keys.length);
  return keys.map((key) => [key, entryOf(map, key) ?? null]);
}

export function copy(map: Map_): Dict {
  const dict: Dict = {};
  for (const [key, value] of entries(map)) setKey(dict, key, value);
  return dict;
}

/** Entries of a map, or of a list of pairs as Python's `dict()` takes it. */
export function pairs(source: unknown): (readonly [string, unknown])[] {
  if (isMapping(source)) return entries(source);
  return elements(source).map((pair) => {
    const both = elements(pair);
    if (both.length !== 2) throw new TemplateError('dict needs pairs of key and value');
    return [keyText(both[0]), both[1]];
  });
}
