import { TaskError } from '../errors/errors.ts';
import type { ControlModule } from './contract.ts';
import type { AssertArgs } from './generated/assert.ts';

export const assert: ControlModule<AssertArgs> = {
  kind: 'control',
  name: 'assert',
  run(args, env) {
    const expressions: unknown[] = Array.isArray(args.that) ? args.that : [args.that];
    for (const expression of expressions) {
      const holds = typeof expression === 'boolean' ? expression : env.evaluate(String(expression));
      if (typeof holds !== 'boolean') {
        throw new TaskError(
          `assert: ${String(expression)} gave ${JSON.stringify(holds)}, which is neither true nor false`,
          {
            hint: 'compare it, or add `| bool` or `| length > 0`',
            details: { assertion: expression },
          },
        );
      }
      if (!holds) {
        return {
          changed: false,
          failed: true,
          msg: (args.fail_msg ?? 'Assertion failed') as string,
          assertion: expression,
          evaluated_to: false,
        };
      }
    }
    const msg = (args.success_msg ?? 'All assertions passed') as string;
    return { changed: false, msg, ...(args.quiet && { _verbosity: 1 }) };
  },
};
