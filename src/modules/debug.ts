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

/** Below the `verbosity` that it asks for it is skipped, as in Ansible. */
export const debug: ControlModule<DebugArgs> = {
  kind: 'control',
  name: 'debug',
  run(args, env) {
    if (args.verbosity > env.verbosity) {
      return { changed: false, skipped: true, skipped_reason: 'Verbosity threshold not met.' };
    }
    const expression = args.var;
    if (expression === undefined) return { changed: false, msg: args.msg as string };
    return { changed: false, [expression]: shownValue(expression, env) };
  },
};
