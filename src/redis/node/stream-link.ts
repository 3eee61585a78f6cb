import type { Duplex } from 'node:stream';
import type { Command, NodeAccess, NodeFailureKind, NodeLink, RespValue } from './contract.ts';
import { Deadline } from './deadline.ts';
import { NodeError } from './node-error.ts';
import { openNodeStream } from './node-stream.ts';
import { calledThere, type Encoding, encodeCommands, errorIn, inCapitals, loginCommand, plainReply } from './resp.ts';

export const DEFAULT_TIMEOUT_MS = 5000;
/** The replies of one call. A node that sends more is none of ours. */
const REPLY_LIMIT = 32 * 1024 * 1024;

/** A node that asks for no password answers AUTH with an error of this kind: the commands behind it were served all the same. */
const NO_PASSWORD_SET = /no password is set|without any password configured/i;
/** Said at the door, whatever was asked, before the server hangs up. */
const TURNED_AWAY = /^(DENIED|ERR max number of clients reached)/;
const AUTH_ERROR = /^(NOAUTH|WRONGPASS)/;

/** A call in flight: replies come in the order of commands. */
interface Call {
  readonly count: number;
  readonly replies: RespValue[];
  readonly settle: (outcome: RespValue[] | NodeError) => void;
}

/** RESP over a stream. A message never holds an argument of a command, so no password. */
export class StreamLink implements NodeLink {
  readonly #stream: Duplex;
  readonly #parser: { execute(chunk: Buffer): void };
  readonly #calls: Call[] = [];
  readonly #encoding: Encoding;
  readonly #renamed: NodeAccess['renamed'];
  /** Settles when the node has judged the password; without one at once. */
  readonly loggedIn: Promise<void>;
  #received = 0;
  #answered = false;
  #streamError: string | undefined;
  #ended: NodeError | undefined;

  /** Opens the stream and sends the login without waiting for its outcome: a failed one fails every call. */
  static async open(openStream: () => Promise<Duplex>, access: NodeAccess, limit: Deadline): Promise<StreamLink> {
    const [{ default: Parser }, stream] = await Promise.all([
      import('redis-parser'),
      openNodeStream(openStream, access, limit),
    ]);
    return new StreamLink(stream, Parser, access);
  }

  private constructor(stream: Duplex, Parser: typeof import('redis-parser'), access: NodeAccess) {
    this.#stream = stream;
    this.#encoding = access.encoding ?? 'utf8';
    this.#renamed = inCapitals(access.renamed);
    this.#parser = new Parser({
      returnBuffers: this.#encoding === 'latin1',
      returnReply: (reply: unknown) => this.#onReply(plainReply(reply)),
      returnError: (error) => this.#onReply(plainReply(error)),
      returnFatalError: (error) => this.#notRedis(error),
    });
    stream.on('error', (error) => {
      this.#streamError ??= error.message;
    });
    stream.once('close', () => this.#end('lost', this.#streamError ?? 'the connection was closed'));
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    if (stream.destroyed) this.#end('lost', 'the connection was closed');
    const login = loginCommand(access);
    this.loggedIn = login ? this.#logIn(login) : Promise.resolve();
    this.loggedIn.catch(() => undefined);
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  async send(commands: readonly Command[], timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RespValue[]> {
    const limit = new Deadline(timeoutMs);
    try {
      return await this.exchange(commands, limit);
    } finally {
      limit.clear();
    }
  }

  /** The same within a limit that began earlier. */
  async exchange(commands: readonly Command[], limit: Deadline): Promise<RespValue[]> {
    return await limit.race(this.#call(commands), 'commands were sent');
  }

  close(): void {
    this.#end('lost', 'rcdeploy closed the connection');
  }

  #call(commands: readonly Command[]): Promise<RespValue[]> {
    if (this.#ended) {
      const { kind, message } = this.#ended;
      return Promise.reject(new NodeError(kind, kind === 'lost' ? `${message} (nothing was sent)` : message));
    }
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#send(commands, (outcome) => (Array.isArray(outcome) ? resolve(outcome) : reject(outcome)));
    });
  }

  #send(commands: readonly Command[], settle: Call['settle'], encoding = this.#encoding): void {
    this.#calls.push({ count: commands.length, replies: [], settle });
    this.#stream.write(
      encodeCommands(
        commands.map((words) => calledThere(words, this.#renamed)),
        encoding,
      ),
      encoding,
    );
  }

  /** Judged at once: the replies to what was sent behind it may stand in the same chunk, and count only after a good login. */
  #logIn(command: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle: Call['settle'] = (outcome) => {
        const refusal = Array.isArray(outcome) ? errorIn(outcome[0]) : undefined;
        if (!Array.isArray(outcome)) reject(this.#end(outcome.kind, outcome.message));
        else if (refusal === undefined || NO_PASSWORD_SET.test(refusal)) resolve();
        else reject(this.#end('auth', refusal));
      };
      // A password is text, whatever keys are.
      this.#send([command], settle, 'utf8');
    });
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    this.#received += chunk.length;
    if (this.#received > REPLY_LIMIT) {
      this.#end('other', `it sent more than ${REPLY_LIMIT / 1024 / 1024} MiB for one question`);
      return;
    }
    try {
      this.#parser.execute(chunk);
    } catch (error) {
      this.#notRedis(error as Error);
    }
  }

  #onReply(reply: RespValue): void {
    if (this.#ended) return;
    const [call] = this.#calls;
    if (!call) {
      this.#end('other', errorIn(reply) ?? 'it sent a reply that nobody had asked for');
      return;
    }
    this.#answered = true;
    call.replies.push(reply);
    if (call.replies.length < call.count) return;
    this.#calls.shift();
    this.#received = 0;
    call.settle(refusalOf(call) ?? call.replies);
  }

  #notRedis(error: Error): void {
    const message = `this is not Redis's protocol: ${error.message}`;
    this.#end(this.#answered ? 'lost' : 'other', message);
  }

  /** Fails all calls in flight; the first reason stays. */
  #end(kind: NodeFailureKind, message: string): NodeError {
    if (this.#ended) return this.#ended;
    this.#ended = new NodeError(kind, message);
    const unknown = kind === 'lost' ? `${message} (commands were sent, their outcome is not known)` : message;
    for (const call of this.#calls.splice(0)) call.settle(refusalOf(call) ?? new NodeError(kind, unknown));
    this.#stream.destroy();
    return this.#ended;
  }
}

/** The server served none of the call's commands, and said why to the first. */
function refusalOf({ replies }: Call): NodeError | undefined {
  const message = errorIn(replies[0]);
  if (message === undefined) return undefined;
  if (TURNED_AWAY.test(message)) return new NodeError('other', message);
  return AUTH_ERROR.test(message) ? new NodeError('auth', message) : undefined;
}
