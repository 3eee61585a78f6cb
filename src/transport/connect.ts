import { setMaxListeners } from 'node:events';
import { InterruptedError } from '../errors/errors.ts';
import { HostConnection } from './connection.ts';
import type { ConnectHooks, Connection, Target } from './contract.ts';
import { localCarrier } from './local.ts';

/**
 * Open the way to one host. Throws UnreachableError with what the other side said and what to do next, InterruptedError when
 * `signal` is aborted.
 */
export async function connect(target: Target, signal: AbortSignal, hooks: ConnectHooks = {}): Promise<Connection> {
  // All hosts of a run share one signal; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  try {
    signal.throwIfAborted();
    if (target.connection === 'local') {
      return new HostConnection(target.name, localCarrier);
    }
    const { openSsh } = await import('./ssh.ts');
    return new HostConnection(target.name, await openSsh(target, signal, hooks));
  } catch (error) {
    throw signal.aborted ? new InterruptedError(`Interrupted while connecting to ${target.name}`) : error;
  }
}
