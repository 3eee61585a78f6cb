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

function stepsOf(entry: Entry): Step[] {
  if (entry.kind === 'task') return [{ kind: 'task', task: entry }];
  if (entry.kind === 'block') return [...entry.tasks, ...entry.always].flatMap(stepsOf);
  if (entry.action === 'noop') return [];
  return [{ kind: entry.action === 'flush_handlers' ? 'flush' : 'end' }];
}
