import { quoteAll } from '../sh/quote.ts';
import { resultOfReply } from './command-result.ts';
import type { HostModule } from './contract.ts';
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
    return resultOfReply(reply);
  },
};
