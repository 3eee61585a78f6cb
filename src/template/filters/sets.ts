import { checkLength, spend } from '../budget.ts';
import { define } from '../functions.ts';
import { elements, Tuple } from '../kinds.ts';
import { own } from '../methods.ts';
import { toIndex } from '../numbers.ts';
import { identity } from './attributes.ts';
import { unique } from './lists.ts';

/** Set operations and combinations, in the order of the elements. */
export const setFilters = {
  union: define('b', (a: unknown, b: unknown) => unique([...elements(a), ...elements(b)], true)),
  intersect: define('b', (a: unknown, b: unknown) => unique(keep(a, b, true), true)),
  difference: define('b', (a: unknown, b: unknown) => unique(keep(a, b, false), true)),
  symmetric_difference: define('b', (a: unknown, b: unknown) =>
    unique([...keep(a, b, false), ...keep(b, a, false)], true),
  ),
  zip: define('*lists', (value: unknown, others: readonly unknown[]) => {
    const lists = [value, ...others].map(elements);
    return rows(lists, Math.min(...lists.map((list) => list.length)), undefined);
  }),
  zip_longest: define('*lists fillvalue', (value: unknown, others: readonly unknown[], fill: unknown = null) => {
    const lists = [value, ...others].map(elements);
    return rows(lists, Math.max(...lists.map((list) => list.length)), fill);
  }),
  product: define('*lists repeat', (value: unknown, others: readonly unknown[], repeat: unknown = 1) => {
    const lists = [value, ...others].map(elements);
    const all = Array.from({ length: Math.min(toIndex(repeat, 'repeat'), 64) }, () => lists).flat();
    return product(all).map((row) => Tuple.make(row));
  }),
  permutations: define('r', (value: unknown, size?: unknown) => {
    const items = elements(value);
    return arrangements(items, size === undefined ? items.length : toIndex(size, 'r'), false);
  }),
  combinations: define('r', (value: unknown, size: unknown) => arrangements(elements(value), toIndex(size, 'r'), true)),
};

function keep(list: unknown, others: unknown, inside: boolean): unknown[] {
  const known = new Set(elements(others).map(identity));
  return elements(list).filter((item) => known.has(identity(item)) === inside);
}

function rows(lists: readonly (readonly unknown[])[], length: number, fill: unknown): Tuple[] {
  checkLength(length * lists.length);
  return own(
    Array.from({ length }, (_, row) => Tuple.make(lists.map((list) => (row < list.length ? list[row] : fill)))),
  );
}

function product(lists: readonly (readonly unknown[])[]): unknown[][] {
  checkLength(lists.reduce((size, list) => size * list.length, lists.length));
  return lists.reduce<unknown[][]>((made, list) => made.flatMap((row) => list.map((item) => [...row, item])), [[]]);
}

function arrangements(items: readonly unknown[], size: number, ordered: boolean): Tuple[] {
  const found: Tuple[] = [];
  const extend = (chosen: readonly number[]) => {
    spend(1);
    if (chosen.length === size) {
      found.push(Tuple.make(chosen.map((index) => items[index])));
      return;
    }
    const from = ordered ? (chosen.at(-1) ?? -1) + 1 : 0;
    for (let index = from; index < items.length; index += 1) if (!chosen.includes(index)) extend([...chosen, index]);
  };
  extend([]);
  return found;
}
