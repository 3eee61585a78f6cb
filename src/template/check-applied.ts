import type { Definition } from './functions.ts';
import { locate } from './located.ts';
import { filterNamed, testNamed } from './registry.ts';
import type { Expression } from './syntax.ts';

/** Filters that apply another filter or a test, and which of their arguments names it. */
const appliers = [
  { filter: 'map', at: 0, find: filterNamed },
  { filter: 'select', at: 0, find: testNamed },
  { filter: 'reject', at: 0, find: testNamed },
  { filter: 'selectattr', at: 1, find: testNamed },
  { filter: 'rejectattr', at: 1, find: testNamed },
];

/** What they apply is found to be missing before anything runs, as a filter is, unless its name is computed. */
export function checkApplied(definition: Definition, positional: readonly Expression[]): void {
  const applier = appliers.find(({ filter }) => filterNamed(filter) === definition);
  const name = applier && positional[applier.at];
  if (applier === undefined || name?.kind !== 'constant' || typeof name.value !== 'string') return;
  const wanted = name.value;
  locate(() => applier.find(wanted), name.offset);
}
