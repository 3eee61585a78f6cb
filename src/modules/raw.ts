import { TaskError } from '../errors/errors.ts';
import { quoteAll } from '../sh/quote.ts';
import { linesOf } from './command-result.ts';
import type { HostModule, Result } from './contract.ts';
import type { RawArgs } from './generated/raw.ts';

export const raw: HostModule<RawArgs, undefined> = {
  kind: 'host',
  name: 'raw',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan(_state, args, env) {
    if (env.check)
      return { changes: [], skipped: 'Command would have run if not in check mode', result: { changed: false } };
    return { changes: [{ what: 'command', before: null, after: args._raw }] };
  },
  async apply(_plan, args, context) {
    const line = args.executable === undefined ? args._raw : `exec ${quoteAll([args.executable, '-c', args._raw])}`;
    const reply = await context.sh(`exec </dev/null\n${line}\n`);
    const { rc, stdout, stderr } = reply;
    const result: Result = {
      changed: true,
      rc,
      stdout,
      stderr,
      stdout_lines: linesOf(stdout),
      stderr_lines: linesOf(stderr),
    };
    if (rc !== 0) throw new TaskError('non-zero return code', { details: result });
    return result;
  },
};
