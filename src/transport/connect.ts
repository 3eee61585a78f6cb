import { HostConnection } from './connection.ts';
import type { ConnectHooks, Connection, Target } from './contract.ts';
import { localCarrier } from './local.ts';

/** Open the way to one host. Throws UnreachableError with what the other side said and what to do next. */
export async function connect(target: Target, signal: AbortSignal, hooks: ConnectHooks = {}): Promise<Connection> {
  signal.throwIfAborted();
  if (target.connection === 'local') {
    return new HostConnection(target.name, localCarrier);
  }
  const { openSsh } = await import('./ssh.ts');
  return new HostConnection(target.name, await openSsh(target, signal, hooks));
}
