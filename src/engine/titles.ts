import type { Task } from '../playbook/contract.ts';

/** What a task is called where its name cannot be rendered for one host alone. */
export function taskTitle(task: Pick<Task, 'name' | 'module'>): string {
  return task.name ?? task.module;
}
