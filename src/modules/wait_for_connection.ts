import type { HostModule } from './contract.ts';
import type { WaitForConnectionArgs } from './generated/wait_for_connection.ts';
import { waitForReturn } from './host-return.ts';

/** It looks at nothing before it waits: whoever uses it expects that the host does not answer yet. */
export const waitForConnection: HostModule<WaitForConnectionArgs, undefined> = {
  kind: 'host',
  name: 'wait_for_connection',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan(_state, _args, env) {
    if (env.check) return { changes: [], skipped: 'Would wait for the connection if not in check mode' };
    return { changes: [], applies: true, result: { changed: false } };
  },
  async apply(_plan, args, context) {
    const start = performance.now();
    if (args.delay > 0) await context.sleep(args.delay * 1000);
    await context.reconnect();
    const waiting = {
      what: 'a connection',
      timeoutMs: args.timeout * 1000,
      sleepMs: args.sleep * 1000,
      tryMs: args.connect_timeout * 1000,
      script: 'echo pong\n',
      isBack: ({ rc, stdout }: { rc: number; stdout: string }) => rc === 0 && stdout === 'pong\n',
    };
    await waitForReturn(waiting, context);
    return { changed: false, elapsed: Math.floor((performance.now() - start) / 1000) };
  },
};
