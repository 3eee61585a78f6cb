import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { UnreachableError } from '../errors/errors.ts';
import type { SshSettings } from './ssh-settings.ts';

/** A stream to the host's sshd through a command of the user's, as ssh_config's ProxyCommand has it: its stdin and stdout. */
export async function openProxyCommand(
  host: string,
  command: string,
  settings: SshSettings,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const text = expand(host, command, settings);
  // A session of its own: Ctrl-C must not end the way to a host on which things have to be ended first.
  const child = spawn('/bin/sh', ['-c', `exec ${text}`], { stdio: 'pipe', detached: true });
  child.stdin.on('error', () => undefined);
  try {
    await firstBytes(host, text, child, timeoutMs, signal);
  } catch (error) {
    child.kill();
    throw error;
  }
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.once('close', () => child.kill());
  return stream;
}

/** sshd speaks first, so a way that carries nothing in time leads nowhere. */
function firstBytes(
  host: string,
  command: string,
  child: ChildProcessWithoutNullStreams,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-500);
  });
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(limit);
      signal.removeEventListener('abort', onAbort);
      child.off('close', onClose).off('error', onError);
      child.stdout.off('readable', onReadable);
      act();
    };
    const fail = (what: string) => {
      const words = said.trim() === '' ? 'it said nothing' : `it said: ${said.trim()}`;
      const hint = `Try the command by hand; sshd's greeting must come out of it: ${command}`;
      settle(() => reject(new UnreachableError(host, `The ProxyCommand ${what}; ${words}`, hint)));
    };
    const onReadable = () => {
      if (child.stdout.readableLength > 0) settle(resolve);
    };
    const onClose = (status: number | null) => fail(`ended (exit status ${status}) before sshd answered`);
    const onError = (error: Error) => fail(`could not be started (${error.message})`);
    const onAbort = () => settle(() => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')));
    const limit = setTimeout(() => fail(`brought no answer of sshd within ${timeoutMs / 1000} s`), timeoutMs);
    signal.addEventListener('abort', onAbort);
    child.once('close', onClose).once('error', onError);
    child.stdout.on('readable', onReadable);
  });
}

/** The tokens of ssh_config that a ProxyCommand uses. */
function expand(host: string, command: string, { hostname, port, user }: SshSettings): string {
  const tokens: Record<string, string> = { '%': '%', h: hostname, n: host, p: String(port), r: user };
  return command.replace(/%(.?)/g, (token, letter: string) => {
    const value = tokens[letter];
    if (value === undefined) {
      throw new UnreachableError(
        host,
        `The ProxyCommand holds ${token}, which is not supported`,
        'Known: %h %n %p %r %%',
      );
    }
    if (!/^[\w.:@%-]+$/.test(value)) {
      throw new UnreachableError(host, `${JSON.stringify(value)} cannot stand for ${token} in a ProxyCommand`);
    }
    return value;
  });
}
