import type { ControlModule } from './contract.ts';
import type { IncludeTasksArgs } from './generated/include_tasks.ts';

/** Says what a host includes; the engine reads and runs it. */
export const includeTasks: ControlModule<IncludeTasksArgs> = {
  kind: 'control',
  name: 'include_tasks',
  run: ({ file, ...args }) => ({ changed: false, include: file, include_args: args }),
};
