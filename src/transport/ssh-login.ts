import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { UnreachableError } from '../errors/errors.ts';
import type { Authentication } from './authentication.ts';
import type { HostKeyPolicy } from './host-key-policy.ts';
import { signAtOnce } from './sign-at-once.ts';
import type { SshSettings } from './ssh-settings.ts';

/** The other side hung up before the login: worth another try. */
export class DroppedError extends Error {
  override readonly name = 'DroppedError';
}

export interface LoginOptions {
  readonly authentication: Authentication;
  readonly policy: HostKeyPolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Speak SSH on a stream: check the host's key, log in, and keep the connection watched from then on. */
export async function logIn(host: string, sock: Duplex, { user }: SshSettings, options: LoginOptions): Promise<Client> {
  const { authentication, policy, timeoutMs, signal } = options;
  const { Client } = (await import('ssh2')).default;
  const client = new Client();
  return await new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      client.off('error', onError).off('close', onClose);
      act();
    };
    const fail = (error: Error) => {
      settle(() => reject(error));
      client.on('error', () => undefined);
      client.destroy();
      sock.destroy();
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    const onError = (error: Error) => fail(policy.refusal ?? explain(host, error, authentication));
    let banner = '';
    const onClose = () => fail(policy.refusal ?? hungUp(host, authentication, banner));
    client.on('banner', (text) => {
      banner = text.trim().slice(-300);
    });
    signal.addEventListener('abort', onAbort);
    inOnePiece(sock);
    // A stream of one's own must have a listener, or its error ends the process.
    sock.on('error', () => undefined);
    client.on('error', onError).on('close', onClose);
    client.once('ready', () => settle(() => resolve(client)));
    client.connect({
      sock,
      username: user,
      readyTimeout: timeoutMs,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: policy.algorithms },
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
        policy.accepts(key).then(verify, (error: unknown) => {
          policy.refusal ??= new UnreachableError(host, `The host key could not be checked: ${String(error)}`);
          verify(false);
        });
      },
      authHandler: authentication.handler(),
    });
    signAtOnce(client);
  });
}

/** What is said within one turn of the event loop goes out in one piece: ssh2 writes every packet by itself. */
function inOnePiece(sock: Duplex): void {
  const write = sock.write.bind(sock);
  sock.write = ((...words: Parameters<typeof write>) => {
    if (sock.writableCorked === 0) {
      sock.cork();
      setImmediate(() => sock.uncork());
    }
    return write(...words);
  }) as typeof sock.write;
}

function hungUp(host: string, authentication: Authentication, banner: string): Error {
  if (!authentication.begun) return new DroppedError('the connection was closed');
  const { message, hint } = authentication.hungUp();
  return new UnreachableError(host, banner === '' ? message : `${message}, saying: ${banner}`, hint, true);
}

function explain(host: string, error: Error, authentication: Authentication): Error {
  const level = 'level' in error ? error.level : undefined;
  if (level === 'client-authentication') {
    const { message, hint } = authentication.failure();
    return new UnreachableError(host, message, hint, true);
  }
  if (level === 'client-timeout') {
    return new UnreachableError(
      host,
      'The host took the connection, but sshd did not finish the login in time',
      'A full or overloaded host does this; see its console.',
    );
  }
  if (/ECONNRESET|EPIPE|Connection lost before handshake|before handshake/i.test(error.message)) {
    return new DroppedError(error.message);
  }
  if (/no matching (key exchange|cipher|.*format|C->S)/i.test(error.message)) {
    const hint =
      'rcdeploy speaks no post-quantum key exchange: sshd must also allow curve25519-sha256 or ecdh-sha2-nistp256, a plain host key and AES or ChaCha20.';
    return new UnreachableError(host, `No common SSH algorithm: ${error.message}`, hint);
  }
  const hint = /too many authentication failures/i.test(error.message)
    ? 'ssh-agent offers more keys than sshd takes (MaxAuthTries): name the right one with --private-key, or set IdentitiesOnly.'
    : undefined;
  return new UnreachableError(host, `The SSH connection failed: ${error.message}`, hint);
}
