import { createRequire } from 'node:module';
import type jmespath from 'jmespath';
import { entries } from '../dict-methods.ts';
import { define } from '../functions.ts';
import { type Dict, isMapping, setKey } from '../kinds.ts';
import { own } from '../methods.ts';
import { Float } from '../numbers.ts';
import { str } from '../python-text.ts';
import { known } from '../undefined.ts';
import { TemplateError, UnsafeText } from '../values.ts';

/** `json_query`: JMESPath, as community.general has it. */
export const queryFilters = {
  json_query: define('expr', (value: unknown, expression: unknown) => {
    // Loaded with the first query: no start pays for it.
    const { search } = createRequire(import.meta.url)('jmespath') as typeof jmespath;
    try {
      return withPrototypes(search(bare(value), str(expression)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TemplateError(`json_query: '${str(expression)}': ${why}`);
    }
  }),
};

/** Maps without anything inherited: a query for `constructor` finds nothing. */
function bare(value: unknown): unknown {
  const held = known(value);
  if (held instanceof UnsafeText) return held.text;
  if (held instanceof Float) return held.value;
  if (Array.isArray(held)) return held.map(bare);
  if (!isMapping(held)) return held;
  const dict: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entries(held)) dict[key] = bare(item);
  return dict;
}

function withPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return own(value.map(withPrototypes));
  if (typeof value !== 'object' || value === null) return value;
  const dict: Dict = {};
  for (const [key, item] of Object.entries(value)) setKey(dict, key, withPrototypes(item));
  return own(dict);
}
