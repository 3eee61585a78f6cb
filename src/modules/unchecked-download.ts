import type { IncomingMessage, RequestOptions } from 'node:http';
import { TaskError } from '../errors/errors.ts';
import { loadBuiltin } from '../package/builtin.ts';

const mostRedirects = 10;

/**
 * The answer of an address, as `fetch` gives it, from whoever answers there: the certificate is not checked. User and password go to
 * the host that they were meant for only.
 */
export async function askUnchecked(
  address: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = address;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const answer = await ask(url, url.host === address.host ? headers : withoutCredentials(headers), signal);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) return answer;
    answer.destroy();
    url = new URL(location, url);
  }
  throw new TaskError(`${address} leads to more than ${mostRedirects} other addresses`);
}

function ask(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  const { get } =
    url.protocol === 'https:'
      ? (loadBuiltin('node:https') as typeof import('node:https'))
      : (loadBuiltin('node:http') as typeof import('node:http'));
  const options: RequestOptions & { rejectUnauthorized: boolean } = { headers, signal, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    get(url, options, resolve).on('error', reject);
  });
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:authorization|cookie)$/i.test(name)));
}
