import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { TaskError } from '../errors/errors.ts';
import { loadBuiltin } from '../package/builtin.ts';
import type { ApplyContext } from './contract.ts';

export interface WebRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly timeoutMs: number;
  readonly validateCerts: boolean;
  readonly unixSocket: string | undefined;
}

export interface WebAnswer {
  readonly url: URL;
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; values that stand more than once are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

const mostBytes = 16 * 1024 * 1024;

/**
 * One request over a stream that begins on the task's host: names are looked up and addresses reached as that host does it, and it
 * needs no program for it. Throws TaskError.
 */
export async function askOnce(request: WebRequest, context: ApplyContext): Promise<WebAnswer> {
  const { url } = request;
  const isTls = url.protocol === 'https:';
  if (!isTls && url.protocol !== 'http:') throw new TaskError(`${url}: only http and https addresses are asked`);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isTls ? 443 : 80);
  const target = request.unixSocket === undefined ? { address, port } : { path: request.unixSocket };
  let stream: Duplex;
  try {
    stream = await context.openStream(target);
  } catch (error) {
    throw failed(url, error);
  }
  try {
    return await exchange(request, stream, isTls, address);
  } finally {
    stream.destroy();
  }
}

async function exchange(request: WebRequest, stream: Duplex, isTls: boolean, address: string): Promise<WebAnswer> {
  const { request: start } = isTls
    ? (loadBuiltin('node:https') as typeof import('node:https'))
    : (loadBuiltin('node:http') as typeof import('node:http'));
  const { url, body } = request;
  const length = body === undefined ? {} : { 'Content-Length': String(body.length) };
  const options: RequestOptions & Record<string, unknown> = {
    host: address,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: { Host: url.host, Connection: 'close', ...length, ...request.headers },
    // Without an agent of its own https would not wrap the stream that it is given.
    ...(isTls
      ? {
          agent: false,
          socket: stream,
          ...(isIP(address) === 0 ? { servername: address } : {}),
          rejectUnauthorized: request.validateCerts,
        }
      : { createConnection: () => stream }),
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const asked: ClientRequest = start(options, (answer) => {
        answer.on('data', wait);
        collect(answer, url).then(resolve, (error: unknown) => reject(failed(url, error)));
      });
      // A channel of ssh is no socket that could count the time by itself.
      function wait(): void {
        clearTimeout(timer);
        timer = setTimeout(
          () => asked.destroy(new Error(`no answer within ${request.timeoutMs / 1000} s`)),
          request.timeoutMs,
        );
      }
      wait();
      asked.on('error', (error) => reject(failed(url, error)));
      asked.end(body);
    });
  } finally {
    clearTimeout(timer);
  }
}

async function collect(answer: IncomingMessage, url: URL): Promise<WebAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new Error(`the answer is longer than ${mostBytes / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')] as const);
  return {
    url,
    status: answer.statusCode ?? 0,
    statusText: answer.statusMessage ?? '',
    headers: Object.fromEntries(headers),
    cookies: answer.headers['set-cookie'] ?? [],
    body: Buffer.concat(chunks),
  };
}

function failed(url: URL, error: unknown): TaskError {
  const why = error instanceof Error ? error.message : String(error);
  return new TaskError(`Request failed: ${url.origin}: ${why}`);
}
