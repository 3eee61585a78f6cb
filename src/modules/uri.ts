import { TaskError } from '../errors/errors.ts';
import { type CommandState, parseCommandRead, readCommand } from './command-result.ts';
import type { ApplyContext, HostModule, Result } from './contract.ts';
import { applyFileContent, parseFileContent, planFileContent, readFileContent } from './file-content.ts';
import type { UriArgs as SchemaArgs } from './generated/uri.ts';
import { type Content, contentOfBytes, contentOfSource } from './local-file.ts';
import { ReplyLines } from './reply-lines.ts';
import { askOnce, type WebAnswer, type WebRequest } from './web-request.ts';

type UriArgs = SchemaArgs & { readonly _source?: Content };

const mostRedirects = 10;

function urlOf(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new TaskError(`${JSON.stringify(text)} is no address`, { hint: 'write https://… or http://…' });
}

async function bodyOf(
  args: UriArgs,
): Promise<{ readonly body: Buffer | undefined; readonly type: string | undefined }> {
  if (args._source !== undefined) return { body: await args._source.bytes(), type: undefined };
  const { body } = args;
  if (body === undefined || body === null) return { body: undefined, type: undefined };
  if (args.body_format === 'form-urlencoded' && typeof body !== 'string') {
    return { body: Buffer.from(formText(body)), type: 'application/x-www-form-urlencoded' };
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const types = { raw: undefined, json: 'application/json', 'form-urlencoded': 'application/x-www-form-urlencoded' };
  return { body: Buffer.from(text), type: types[args.body_format] };
}

/** A map, or a list of pairs; a list of values stands as often as it is long. */
function formText(body: unknown): string {
  const pairs: unknown[][] = Array.isArray(body) ? (body as unknown[][]) : Object.entries(body as object);
  const form = new URLSearchParams();
  for (const [name, value] of pairs) for (const one of [value].flat()) form.append(String(name), String(one));
  return form.toString();
}

async function requestOf(args: UriArgs): Promise<WebRequest> {
  const { body, type } = await bodyOf(args);
  const login = args.url_username;
  const credentials = Buffer.from(`${login}:${args.url_password ?? ''}`).toString('base64');
  return {
    url: urlOf(args.url),
    method: args.method.toUpperCase(),
    headers: {
      'User-Agent': args.http_agent,
      ...(type === undefined ? {} : { 'Content-Type': type }),
      ...(login === undefined ? {} : { Authorization: `Basic ${credentials}` }),
      ...args.headers,
    },
    body,
    timeoutMs: args.timeout * 1000,
    validateCerts: args.validate_certs,
    unixSocket: args.unix_socket,
  };
}

/** Credentials and the body go only to the server that they were meant for. */
function redirected(request: WebRequest, answer: WebAnswer, args: UriArgs): WebRequest | undefined {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return undefined;
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  const follows = args.follow_redirects;
  if (follows === 'none' || follows === 'no' || (follows === 'safe' && !isSafe)) return undefined;
  const url = new URL(location, request.url);
  const becomesGet = !isSafe && answer.status !== 307 && answer.status !== 308;
  const { Authorization: _secret, ...others } = request.headers;
  return {
    ...request,
    url,
    headers: url.origin === request.url.origin ? request.headers : others,
    ...(becomesGet ? { method: 'GET', body: undefined } : {}),
  };
}

async function ask(args: UriArgs, context: ApplyContext): Promise<WebAnswer> {
  let request = await requestOf(args);
  for (let count = 0; count <= mostRedirects; count += 1) {
    const answer = await askOnce(request, context);
    const next = redirected(request, answer, args);
    if (next === undefined) return answer;
    request = next;
  }
  throw new TaskError(`Request failed: ${args.url} redirects more than ${mostRedirects} times`);
}

function resultOf(answer: WebAnswer, args: UriArgs, elapsed: number): Result {
  const headers = Object.entries(answer.headers).map(([name, value]) => [name.replaceAll('-', '_'), value] as const);
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/.test(answer.headers['content-type'] ?? '');
  const content = answer.body.toString('utf8');
  const cookies = answer.cookies.map((cookie) => /^([^=]+)=([^;]*)/.exec(cookie) ?? []);
  const isRight = args.status_code.includes(answer.status);
  return {
    ...Object.fromEntries(headers),
    changed: false,
    url: answer.url.href,
    status: answer.status,
    redirected: answer.url.href !== urlOf(args.url).href,
    elapsed,
    cookies: Object.fromEntries(cookies.map(([, name = '', value = '']) => [name, value])),
    cookies_string: cookies.map(([, name, value]) => `${name}=${value}`).join('; '),
    msg: `${answer.statusText} (${answer.headers['content-length'] ?? 'unknown'} bytes)`,
    ...(args.return_content || !isRight ? { content } : {}),
    ...(isJson ? jsonOf(content) : {}),
  };
}

function jsonOf(text: string): { json?: unknown } {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return {};
  }
}

/** The answer as a file of the host, by the same way as any other content. */
async function store(answer: WebAnswer, args: UriArgs, context: ApplyContext): Promise<Result> {
  const name = answer.url.pathname.split('/').at(-1) || 'index.html';
  const file = { ...args, dest: args.dest ?? '', follow: true };
  const content = contentOfBytes(answer.body);
  const looked = await context.sh(readFileContent(file, name, content));
  const state = parseFileContent(new ReplyLines(looked, `looking at ${args.dest}`), file);
  const env = { host: context.host, check: false, diff: context.diff, changesPredicted: false };
  const plan = planFileContent(state, file, content.sha256, undefined, env);
  if (plan.failed !== undefined) throw new TaskError(plan.failed);
  if (plan.changes.length === 0) return { path: state.path };
  const made = await applyFileContent(plan, state, file, content, context);
  return { ...made, path: state.path, changed: true };
}

export const uri: HostModule<UriArgs, CommandState> = {
  kind: 'host',
  name: 'uri',
  fusable: false,
  async prepare(args, env) {
    urlOf(args.url);
    if (args.src === undefined) return args;
    return { ...args, _source: (await contentOfSource(env.findFile(args.src, 'files'), true)).content };
  },
  read: readCommand,
  parse: ({ reply }) => parseCommandRead(reply),
  plan(state, args, env) {
    if (args.creates !== undefined && state.createsExists) {
      return { changes: [], result: { msg: `skipped, since '${args.creates}' exists` } };
    }
    if (args.removes !== undefined && !state.removesExists) {
      return { changes: [], result: { msg: `skipped, since '${args.removes}' does not exist` } };
    }
    if (env.check) return { changes: [], skipped: 'remote module (uri) does not support check mode' };
    return { changes: [], applies: true };
  },
  async apply(_plan, args, context) {
    const start = performance.now();
    let answer: WebAnswer;
    try {
      answer = await ask(args, context);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const wanted = `Status code was -1 and not [${args.status_code.join(', ')}]`;
      throw new TaskError(`${wanted}: ${error.message}`, { details: { status: -1, url: args.url, redirected: false } });
    }
    const result = resultOf(answer, args, Math.floor((performance.now() - start) / 1000));
    if (!args.status_code.includes(answer.status)) {
      throw new TaskError(
        `Status code was ${answer.status} and not [${args.status_code.join(', ')}]: HTTP Error ${answer.status}: ${answer.statusText}`,
        { details: result },
      );
    }
    return args.dest === undefined ? result : { ...result, ...(await store(answer, args, context)) };
  },
};
