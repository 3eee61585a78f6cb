import { formatSpan } from '../errors/diagnostic.ts';
import { selectHosts } from '../inventory/patterns.ts';
import type { Entry, Play, Task } from '../playbook/contract.ts';
import type { LoadedInput } from './load.ts';
import type { RunFlags } from './run-options.ts';
import { output } from './terminal.ts';

/** `--list-hosts`, `--list-tasks`, `--list-tags`: what a run would work with. False when none was asked for. */
export function printLists(input: LoadedInput, flags: RunFlags): boolean {
  if (!flags.listHosts && !flags.listTasks && !flags.listTags) return false;
  for (const { plays, file } of input.playbooks) {
    output.line(`playbook: ${file}`);
    for (const [index, play] of plays.entries()) {
      output.line(`\n  play #${index + 1} (${String(play.hosts)}): ${play.name ?? ''}${tagsText(play.tags)}`);
      if (flags.listHosts) printHosts(play, input, flags);
      if (flags.listTasks) for (const task of tasksOf(play)) printTask(task);
      if (flags.listTags) output.line(`    tags: ${[...allTags(play)].sort().join(', ')}`);
    }
  }
  return true;
}

function printHosts(play: Play, input: LoadedInput, flags: RunFlags): void {
  const pattern = Array.isArray(play.hosts) ? play.hosts.join(',') : String(play.hosts);
  const limit = new Set(flags.limit ? selectHosts(input.inventory, flags.limit) : input.inventory.hosts.keys());
  const hosts = selectHosts(input.inventory, pattern).filter((host) => limit.has(host) || !flags.limit);
  output.line(`    hosts (${hosts.length}):`);
  for (const host of hosts) output.line(`      ${host}`);
}

function printTask(task: Task): void {
  const role = task.role === undefined ? '' : `${task.role.name} : `;
  output.line(
    `    ${role}${task.name ?? task.module}  (${task.module}, ${formatSpan(task.span)})${tagsText(task.tags)}`,
  );
}

function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? '' : `  TAGS: [${tags.join(', ')}]`;
}

function allTags(play: Play): Set<string> {
  return new Set([...play.tags, ...tasksOf(play).flatMap(({ tags }) => tags)]);
}

function tasksOf({ preTasks, tasks, postTasks }: Play): Task[] {
  return [...preTasks, ...tasks, ...postTasks].flatMap(tasksOfEntry);
}

function tasksOfEntry(entry: Entry): Task[] {
  switch (entry.kind) {
    case 'task':
      return [entry];
    case 'meta':
      return [];
    case 'include':
      return [entry.task];
    case 'role':
      return entry.tasks.flatMap(tasksOfEntry);
    case 'block':
      return [...entry.tasks, ...entry.rescue, ...entry.always].flatMap(tasksOfEntry);
  }
}
