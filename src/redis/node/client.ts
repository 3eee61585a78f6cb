import type { Duplex } from 'node:stream';
import type { Redis } from 'ioredis';
import { InterruptedError, UnreachableError } from '../../errors/errors.ts';
import type { NodeAnswer, NodeQuery, RespValue } from './contract.ts';

const DEFAULT_TIMEOUT_MS = 5000;
type Failure = Extract<NodeAnswer, { ok: false }>;

/**
 * Sends all commands of a query in one pipeline over a stream of its own and returns their replies. What a node or its
 * port does wrong is an answer; only a lost host (UnreachableError) or an interrupted run is thrown. A message never
 * holds an argument of a command, so no password.
 */
export async function queryNode(openStream: () => Promise<Duplex>, query: NodeQuery): Promise<NodeAnswer> {
  const limit = new Deadline(query.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let stream: Duplex | undefined;
  try {
    const opening = openStream();
    opening.then(
      (late) => {
        if (limit.passed) late.destroy();
      },
      () => undefined,
    );
    stream = await limit.race(opening, 'waiting for the connection');
    stream.on('error', () => undefined);
    closeAtEnd(stream);
    if (query.tls) stream = await limit.race(secured(stream, query), 'waiting for the TLS handshake');
    return await exchange(stream, query, limit);
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof InterruptedError) throw error;
    return failureOf(error);
  } finally {
    limit.clear();
    stream?.destroy();
  }
}

/** An SSH channel stays half open when the other side ends it, and ioredis would wait for a close that never comes. */
function closeAtEnd(stream: Duplex): void {
  stream.once('end', () => stream.destroy());
}

class SilenceError extends Error {}

/** One limit over all the steps of a query. */
class Deadline {
  passed = false;
  readonly #timer: NodeJS.Timeout;
  readonly #ms: number;
  #expire: () => void = () => undefined;
  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#expire();
    }, ms);
  }
  async race<T>(work: Promise<T>, doing: string): Promise<T> {
    const silence = new Promise<never>((_, reject) => {
      this.#expire = () => reject(new SilenceError(`no answer within ${this.#ms} ms (${doing})`));
      if (this.passed) this.#expire();
    });
    return await Promise.race([work, silence]);
  }
  clear(): void {
    clearTimeout(this.#timer);
    this.passed = true;
  }
}

async function secured(stream: Duplex, query: NodeQuery): Promise<Duplex> {
  const { connect } = await import('node:tls');
  const { ca, cert, key, servername } = query.tls ?? {};
  return await new Promise((resolve, reject) => {
    const socket = connect({
      socket: stream,
      host: query.address,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
  });
}

async function exchange(stream: Duplex, query: NodeQuery, limit: Deadline): Promise<NodeAnswer> {
  const redis = await clientOver(stream);
  let firstError: Error | undefined;
  redis.on('error', (error: Error) => {
    firstError ??= error;
  });
  try {
    await limit.race(redis.connect(), 'waiting for the connection');
    const login = loginCommand(query);
    const pipeline = redis.pipeline();
    for (const [name = '', ...words] of login ? [login, ...query.commands] : query.commands)
      pipeline.call(name, ...words);
    const outcomes = (await limit.race(pipeline.exec(), 'commands were sent')) ?? [];
    const replies = outcomes.map(([error, value]) => (error ? error : value));
    return judged(replies, login !== undefined, firstError);
  } finally {
    redis.disconnect();
  }
}

function loginCommand(query: NodeQuery): readonly string[] | undefined {
  if (!query.auth) return undefined;
  const { username, password } = query.auth;
  return username === undefined ? ['AUTH', password] : ['AUTH', username, password];
}

/** A node that asks for no password answers AUTH with an error of this kind: the commands behind it were served all the same. */
const NO_PASSWORD_SET = /no password is set|without any password configured/i;
const AUTH_ERROR = /^(NOAUTH|WRONGPASS|ERR invalid password|ERR wrong number of arguments for 'auth')/i;

function judged(replies: readonly unknown[], loggedIn: boolean, firstError: Error | undefined): NodeAnswer {
  const cut = replies.find((reply) => reply instanceof Error && !isReplyError(reply));
  const [first] = replies;
  if (isReplyError(first)) {
    const message = withoutArguments(first.message);
    if (AUTH_ERROR.test(message)) return { ok: false, kind: 'auth', message };
    if (message.startsWith('DENIED')) return { ok: false, kind: 'other', message };
    if (loggedIn && !NO_PASSWORD_SET.test(message)) return { ok: false, kind: 'auth', message };
  }
  if (cut) {
    const said = firstError?.message ?? 'the connection was closed';
    return { ok: false, kind: 'lost', message: `${said} (commands were sent, their outcome is not known)` };
  }
  return { ok: true, replies: replies.slice(loggedIn ? 1 : 0).map(plainReply) };
}

/** A server that does not know a command repeats its arguments, which may be a password. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:[\s\S]*$/, '');
}

function isReplyError(value: unknown): value is Error {
  return value instanceof Error && value.name === 'ReplyError';
}

function plainReply(value: unknown): RespValue {
  if (value instanceof Error) return { error: withoutArguments(value.message) };
  if (Array.isArray(value)) return value.map(plainReply);
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  return String(value);
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SilenceError) return { ok: false, kind: 'timeout', message };
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED' || /connection refused/i.test(message)) return { ok: false, kind: 'refused', message };
  if (code === 'ETIMEDOUT' || /timed out/i.test(message)) return { ok: false, kind: 'timeout', message };
  return { ok: false, kind: 'other', message };
}

/** RESP2 and no commands of the client's own, so that a query is one round trip and 4.0 understands all of it. */
async function clientOver(stream: Duplex): Promise<Redis> {
  const { Redis, AbstractConnector } = await import('ioredis');
  class GivenStream extends AbstractConnector {
    constructor() {
      super(0);
    }
    override connect(): ReturnType<typeof AbstractConnector.prototype.connect> {
      return Promise.resolve(asSocket(stream));
    }
    override disconnect(): void {
      stream.destroy();
    }
  }
  return new Redis({
    Connector: GivenStream,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
}

type NetStream = Awaited<ReturnType<InstanceType<typeof import('ioredis')['AbstractConnector']>['connect']>>;

/** An SSH channel is a Duplex without the socket's options, which ioredis sets without asking. */
function asSocket(stream: Duplex): NetStream {
  const self = (): Duplex => stream;
  for (const name of ['setNoDelay', 'setKeepAlive', 'setTimeout']) {
    if (!(name in stream)) Object.defineProperty(stream, name, { value: self });
  }
  return stream as NetStream;
}
