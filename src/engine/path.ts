import type { Entry, Task } from '../playbook/contract.ts';

/** The tasks of a play in the order in which they run when nothing fails, for reading ahead. */
export type Step =
  | { readonly kind: 'task'; readonly task: Task }
  /** Handlers may run here. */
  | { readonly kind: 'flush' }
  /** What follows cannot be foreseen. */
  | { readonly kind: 'end' };

export function mainPath(sections: readonly (readonly Entry[])[]): Step[] {
  return sections.flatMap((section) => [...section.flatMap(stepsOf), { kind: 'flush' } as const]);
}

export function stepsOf(entry: Entry): Step[] {
  if (entry.kind === 'task') return [{ kind: 'task', task: entry }];
  if (entry.kind === 'block') return [...entry.tasks, ...entry.always].flatMap(stepsOf);
  if (entry.kind === 'role') return entry.tasks.flatMap(stepsOf);
  // Its own condition may be read ahead; what it brings may set anything.
  if (entry.kind === 'include') return [{ kind: 'task', task: entry.task }, { kind: 'end' }];
  if (entry.action === 'noop') return [];
  return [{ kind: entry.action === 'flush_handlers' ? 'flush' : 'end' }];
}
