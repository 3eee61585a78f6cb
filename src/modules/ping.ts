import type { HostModule } from './contract.ts';
import type { PingArgs } from './generated/ping.ts';
import { ReplyLines } from './reply-lines.ts';

export const ping: HostModule<PingArgs, boolean> = {
  kind: 'host',
  name: 'ping',
  fusable: true,
  read: () => ({ script: 'echo pong' }),
  parse: ({ reply }) => new ReplyLines(reply, 'ping').next() === 'pong',
  plan(answered, args) {
    if (!answered) return { changes: [], failed: 'the host ran the script but did not answer as a POSIX sh does' };
    if (args.data === 'crash') return { changes: [], failed: 'boom' };
    return { changes: [], result: { ping: args.data } };
  },
  apply: async () => ({}),
};
