import { locate } from '../located.ts';
import type { Expression } from '../syntax.ts';
import { lookupNamed } from './lookups.ts';

const callees = new Set(['lookup', 'query', 'q']);

/** A lookup that does not exist is found before anything runs, as a filter is, unless its name is computed. */
export function checkLookup(callee: string, name: Expression | undefined): void {
  if (!callees.has(callee) || name?.kind !== 'constant' || typeof name.value !== 'string') return;
  const wanted = name.value;
  locate(() => lookupNamed(wanted), name.offset);
}
