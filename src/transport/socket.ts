import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { UnreachableError } from '../errors/errors.ts';
import type { Jump } from './jump.ts';
import { openProxyCommand } from './proxy-command.ts';
import { DroppedError } from './ssh-login.ts';
import type { SshSettings } from './ssh-settings.ts';

/** A stream to the host's sshd: a socket without Nagle's delay (44 ms per message otherwise), a jump host's stream, or a ProxyCommand's. */
export async function openSocket(
  host: string,
  settings: SshSettings,
  jump: Jump | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const { hostname, port, proxyCommand } = settings;
  if (proxyCommand !== undefined) {
    return await openProxyCommand(host, proxyCommand, settings, timeoutMs, signal);
  }
  if (jump !== undefined) {
    try {
      return await jump.carrier.openStream({ address: hostname, port });
    } catch (error) {
      throw new UnreachableError(host, `No way to ${hostname}:${port} through ${jump.name}: ${text(error)}`);
    }
  }
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, noDelay: true });
    const settle = (act: () => void) => {
      clearTimeout(limit);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      act();
    };
    const fail = (error: Error) => {
      settle(() => reject(error));
      socket.destroy();
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    const onError = (error: NodeJS.ErrnoException) => fail(explain(host, hostname, port, error));
    const limit = setTimeout(() => {
      const message = `No answer from ${hostname}:${port} within ${timeoutMs / 1000} s`;
      fail(new UnreachableError(host, message, 'Is the host up, and the way to it open?'));
    }, timeoutMs);
    signal.addEventListener('abort', onAbort);
    socket.on('error', onError);
    socket.once('connect', () => settle(() => resolve(socket)));
  });
}

function explain(host: string, hostname: string, port: number, error: NodeJS.ErrnoException): Error {
  const causes = 'errors' in error && Array.isArray(error.errors) ? error.errors.map(text).join('; ') : text(error);
  switch (error.code) {
    case 'ECONNRESET':
      return new DroppedError(causes);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UnreachableError(
        host,
        `The name ${hostname} has no address (${error.code})`,
        'Set ansible_host, or add the name to DNS or /etc/hosts.',
      );
    case 'ECONNREFUSED':
      return new UnreachableError(
        host,
        `Nothing listens on ${hostname}:${port} (${causes})`,
        'Is sshd running there, and on this port (ansible_port)?',
      );
    default:
      return new UnreachableError(
        host,
        `No connection to ${hostname}:${port}: ${causes}`,
        'Is the host up, and the way to it open?',
      );
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
