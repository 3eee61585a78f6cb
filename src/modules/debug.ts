import { UndefinedNameError } from '../template/values.ts';
import type { ControlEnv, ControlModule } from './contract.ts';
import type { DebugArgs } from './generated/debug.ts';

/** What Ansible shows for a variable that is not there; the task is well. */
const UNDEFINED = 'VARIABLE IS NOT DEFINED!';

function shownValue(expression: string, env: ControlEnv): unknown {
  try {
    return env.evaluate(expression);
  } catch (error) {
    if (error instanceof UndefinedNameError) return UNDEFINED;
    throw error;
  }
}

/** Verbosity is the reporter's matter: the result says from which level on it is to be shown. */
export const debug: ControlModule<DebugArgs> = {
  kind: 'control',
  name: 'debug',
  run(args, env) {
    const shown = args.verbosity > 0 ? { _verbosity: args.verbosity } : {};
    const expression = args.var;
    if (expression === undefined) return { changed: false, msg: args.msg as string, ...shown };
    return { changed: false, [expression]: shownValue(expression, env), ...shown };
  },
};
