import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { UnreachableError } from '../errors/errors.ts';
import type { Carrier } from './carrier.ts';
import type { Channel } from './channel.ts';

/** Below sshd's MaxSessions 10, which frees a slot only some time after a channel has closed. It does not count streams. */
const sessionLimit = 8;
/** Links to nodes are kept, and a query must not wait for their end: so many nodes hardly share a host. */
const streamLimit = 64;
const openMs = 10_000;
/** After the exit status: for output that is still on its way, when a child left behind holds the channel open. */
const lingerMs = 200;

/** One authenticated SSH connection. */
export class SshCarrier implements Carrier {
  readonly startDirectory = 'home';
  readonly user: string;
  readonly #host: string;
  readonly #client: Client;
  readonly #release: () => void;
  readonly #waiting: (() => void)[] = [];
  #streams = 0;
  #sessions = 0;
  /** Why the connection ended. */
  #lost: string | undefined;

  constructor(host: string, user: string, client: Client, release: () => void) {
    this.#host = host;
    this.user = user;
    this.#client = client;
    this.#release = release;
    client.setMaxListeners(0);
    client.on('error', (error) => {
      this.#lost ??= error.message;
    });
    client.on('close', () => {
      this.#lost ??= 'the connection was closed';
      release();
    });
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Called once, when the connection has ended, for whatever reason. */
  onLost(call: () => void): void {
    this.#client.once('close', call);
  }

  start(command: string): Promise<Channel> {
    if (this.#sessions >= sessionLimit) {
      const message = `More than ${sessionLimit} shells at once on one connection (one per become user)`;
      return Promise.reject(new UnreachableError(this.#host, message));
    }
    this.#sessions++;
    return new Promise((resolve, reject) => {
      const lost = () => reject(new UnreachableError(this.#host, `The connection was lost: ${this.#lost}`));
      this.#client.once('close', lost);
      try {
        this.#client.exec(command, (error, stream) => {
          this.#client.off('close', lost);
          if (error) {
            this.#sessions--;
            reject(sessionRefused(this.#host, error));
            return;
          }
          resolve(this.#asChannel(stream));
        });
      } catch (error) {
        reject(new UnreachableError(this.#host, `The connection was lost: ${this.#lost ?? String(error)}`));
      }
    });
  }

  async openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex> {
    if (this.#streams >= streamLimit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#streams++;
    }
    const done = () => {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#streams--;
      } else {
        next();
      }
    };
    try {
      const stream = await this.#forward(to);
      stream.once('close', done);
      return stream;
    } catch (error) {
      done();
      throw error;
    }
  }

  /** The host's farewell is not waited for, but ours leaves first: what goes out within one turn does so at its end (ssh-login.ts). */
  async close(): Promise<void> {
    this.#lost ??= 'rcdeploy closed the connection';
    this.#client.end();
    this.#release();
    await nextTurn();
  }

  abandon(): void {
    this.#lost ??= 'the host did not answer in time';
    this.#client.destroy();
  }

  #asChannel(stream: ClientChannel): Channel {
    let letGo: () => void = () => undefined;
    const ended = new Promise<string>((resolve) => {
      letGo = () => resolve('it did not answer and was let go');
      let how = '';
      stream.once('exit', (code: number | null, signal?: string) => {
        how = code === null ? `ended by ${signal}` : `exit status ${code}`;
        setTimeout(() => resolve(how), lingerMs).unref();
      });
      stream.once('close', () => {
        this.#sessions--;
        resolve(how === '' ? (this.#lost ?? 'the channel was closed') : how);
      });
    });
    stream.on('error', () => undefined);
    const destroy = () => {
      stream.destroy();
      // The channel itself closes when the host says so, which one that is cut off never does.
      letGo();
    };
    return { stdin: stream, stdout: stream, stderr: stream.stderr, ended, destroy };
  }

  #forward(to: { address: string; port: number } | { path: string }): Promise<ClientChannel> {
    const where = 'path' in to ? to.path : `${to.address}:${to.port}`;
    return new Promise((resolve, reject) => {
      let late = false;
      const fail = (error: Error) => {
        late = true;
        clearTimeout(limit);
        this.#client.off('close', lost);
        reject(error);
      };
      const lost = () => fail(new UnreachableError(this.#host, `The connection was lost: ${this.#lost}`));
      const limit = setTimeout(() => {
        fail(streamError('ETIMEDOUT', `${where} did not answer within ${openMs / 1000} s from ${this.#host}`));
      }, openMs);
      this.#client.once('close', lost);
      const opened = (error: Error | undefined, stream: ClientChannel) => {
        if (late) {
          stream?.destroy();
          return;
        }
        if (error) {
          fail(streamRefused(this.#host, where, error));
          return;
        }
        clearTimeout(limit);
        this.#client.off('close', lost);
        resolve(stream);
      };
      try {
        if ('path' in to) {
          this.#client.openssh_forwardOutStreamLocal(to.path, opened);
        } else {
          this.#client.forwardOut('127.0.0.1', 0, to.address, to.port, opened);
        }
      } catch (error) {
        fail(new UnreachableError(this.#host, `The connection was lost: ${this.#lost ?? String(error)}`));
      }
    });
  }
}

function sessionRefused(host: string, error: Error): UnreachableError {
  return /open failure/i.test(error.message)
    ? new UnreachableError(
        host,
        `sshd refused another session (${error.message})`,
        'rcdeploy needs up to two sessions per become user: raise MaxSessions in sshd_config.',
      )
    : new UnreachableError(host, `The host did not start a shell: ${error.message}`);
}

/** Reason 1 of RFC 4254 is sshd's own refusal, 2 is that of the address. */
function streamRefused(host: string, where: string, error: Error): Error {
  const reason = 'reason' in error ? error.reason : undefined;
  if (reason === 1) {
    return streamError(
      'EACCES',
      `sshd on ${host} forbids the way to ${where}: it needs AllowTcpForwarding (for a socket AllowStreamLocalForwarding) and a PermitOpen that allows it`,
    );
  }
  const message = error.message.replace(/^\(SSH\) Channel open failure: /, '');
  const code = /refused/i.test(message) ? 'ECONNREFUSED' : /timed out/i.test(message) ? 'ETIMEDOUT' : 'EHOSTUNREACH';
  // sshd says only "connect failed" for every cause in some versions.
  return streamError(/^connect failed$/i.test(message) ? 'ECONNREFUSED' : code, `${where} from ${host}: ${message}`);
}

function streamError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
