import { checkLength } from './budget.ts';
import { equals, order } from './compare.ts';
import { type Definition, define } from './functions.ts';
import { elements } from './kinds.ts';
import { toIndex } from './numbers.ts';
import { TemplateError } from './values.ts';

/** Python's `list` methods. Those that change the list work only on lists that the template made itself. */
export const listMethods: ReadonlyMap<string, Definition> = new Map(
  Object.entries({
    index: define('value', (list: readonly unknown[], value: unknown) => position(list, value)),
    count: define(
      'value',
      (list: readonly unknown[], value: unknown) => list.filter((item) => equals(item, value)).length,
    ),
    copy: define('', (list: readonly unknown[]) => [...list]),
    append: define('value', (list: unknown[], value: unknown) => {
      checkLength(1);
      list.push(value);
      return null;
    }),
    extend: define('values', (list: unknown[], values: unknown) => {
      for (const value of [...elements(values)]) list.push(value);
      return null;
    }),
    insert: define('index value', (list: unknown[], index: unknown, value: unknown) => {
      list.splice(toIndex(index, 'the index'), 0, value);
      return null;
    }),
    remove: define('value', (list: unknown[], value: unknown) => {
      list.splice(position(list, value), 1);
      return null;
    }),
    pop: define('index', (list: unknown[], index: unknown = -1) => {
      const at = toIndex(index, 'the index');
      const taken = list.splice(at < 0 ? list.length + at : at, 1);
      if (taken.length === 0) throw new TemplateError('pop from empty list or index out of range');
      return taken[0];
    }),
    reverse: define('', (list: unknown[]) => {
      list.reverse();
      return null;
    }),
    sort: define('', (list: unknown[]) => {
      list.sort((a, b) => order(a, b));
      return null;
    }),
    clear: define('', (list: unknown[]) => {
      list.length = 0;
      return null;
    }),
  }),
);

function position(list: readonly unknown[], value: unknown): number {
  const at = list.findIndex((item) => equals(item, value));
  if (at < 0) throw new TemplateError('the value is not in the list');
  return at;
}
