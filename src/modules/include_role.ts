import type { ControlModule } from './contract.ts';
import type { IncludeRoleArgs } from './generated/include_role.ts';

/** Says which role a host includes, and how; the engine reads and runs it. */
export const includeRole: ControlModule<IncludeRoleArgs> = {
  kind: 'control',
  name: 'include_role',
  run: (args) => ({ changed: false, include_args: args }),
};
