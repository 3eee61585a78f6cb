import type { Carrier } from './carrier.ts';
import type { Channel } from './channel.ts';
import type { Become } from './contract.ts';
import { shellCommand } from './loop.ts';

/** Starts the session shell's bootstrap as the connecting user, or through sudo, su or doas as another. */
export async function startAs(_host: string, carrier: Carrier, become: Become | undefined): Promise<Channel> {
  if (become === undefined) {
    return await carrier.start(shellCommand);
  }
  throw new Error(`become by ${become.method} is not there yet`);
}
