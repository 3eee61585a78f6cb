import type { ControlModule } from './contract.ts';
import type { FailArgs } from './generated/fail.ts';

export const fail: ControlModule<FailArgs> = {
  kind: 'control',
  name: 'fail',
  run: (args) => ({ changed: false, failed: true, msg: args.msg as string }),
};
