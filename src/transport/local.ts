import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Carrier } from './carrier.ts';
import type { Channel } from './channel.ts';

/** The control machine itself, for `connection: local`. */
export const localCarrier: Carrier = {
  user: userInfo().username,
  startDirectory: 'here',
  isLost: false,
  start: startLocally,
  openStream: async (to) => {
    const socket: Duplex =
      'path' in to ? connect(to.path) : connect({ host: to.address, port: to.port, noDelay: true });
    await once(socket, 'connect');
    return socket;
  },
  close: async () => undefined,
  // What runs here is ended by signals, which no lost connection holds up.
  abandon: () => undefined,
};

const lingerMs = 200;

/** In a session of its own, so that Ctrl-C in the terminal does not reach it. */
async function startLocally(command: string): Promise<Channel> {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // `close` waits for children that still hold the output; last words may come after `exit`.
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `ended by ${signal}`;
      const linger = setTimeout(() => resolve(how), lingerMs);
      child.once('close', () => {
        clearTimeout(linger);
        resolve(how);
      });
    });
  });
  await once(child, 'spawn');
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    destroy: () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
