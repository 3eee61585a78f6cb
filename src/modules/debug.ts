import type { ControlModule } from './contract.ts';
import type { DebugArgs } from './generated/debug.ts';

/** Verbosity is the reporter's matter: the result says from which level on it is to be shown. */
export const debug: ControlModule<DebugArgs> = {
  kind: 'control',
  name: 'debug',
  run(args, env) {
    const shown = args.verbosity > 0 ? { _verbosity: args.verbosity } : {};
    const expression = args.var;
    if (expression === undefined) return { changed: false, msg: args.msg as string, ...shown };
    return { changed: false, [expression]: env.evaluate(expression), ...shown };
  },
};
