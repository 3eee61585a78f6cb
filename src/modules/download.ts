import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { TaskError } from '../errors/errors.ts';
import { contentOfFile } from './local-file.ts';
import { askUnchecked } from './unchecked-download.ts';

export interface DownloadRequest {
  readonly url: string;
  /** `sha256:<digest>` or `sha256:<address of a file of digests>`; empty: whatever comes. */
  readonly checksum: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds without progress. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** False: whoever answers for an https address is believed. */
  readonly validateCerts: boolean;
  /** Directory for what was fetched. */
  readonly directory: string;
}

export interface Downloaded {
  readonly file: string;
  /** HTTP status; undefined for `file:` addresses. */
  readonly status: number | undefined;
}

/**
 * Fetches an address into the directory. The file has its name only after its digest matched: what is found there later is good.
 * Throws TaskError; nothing is left behind then.
 */
export async function download(request: DownloadRequest): Promise<Downloaded> {
  await mkdir(request.directory, { recursive: true, mode: 0o700 });
  const expected = await expectedDigest(request);
  if (expected?.algorithm === 'sha256') {
    const kept = join(request.directory, `fetched-${expected.digest}`);
    const content = await contentOfFile(kept).catch(() => undefined);
    if (content?.sha256 === expected.digest) return { file: kept, status: undefined };
  }
  const partial = join(request.directory, `partial-${randomUUID()}`);
  try {
    const { body, status } = await open(request, request.url);
    const hash = createHash(expected?.algorithm ?? 'sha256');
    const stalled = new AbortController();
    const restart = () => setTimeout(() => stalled.abort(), request.timeout * 1000);
    let timer = restart();
    async function* hashed(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const chunk of source) {
        clearTimeout(timer);
        timer = restart();
        hash.update(chunk);
        yield chunk;
      }
    }
    try {
      await pipeline(body, hashed, createWriteStream(partial, { mode: 0o600 }), {
        signal: AbortSignal.any([request.signal, stalled.signal]),
      });
    } catch (error) {
      const why = stalled.signal.aborted ? `nothing came for ${request.timeout} s` : messageOf(error);
      throw new TaskError(`${request.url} could not be fetched: ${why}`);
    } finally {
      clearTimeout(timer);
    }
    const digest = hash.digest('hex');
    if (expected !== undefined && digest !== expected.digest) {
      throw new TaskError(
        `${request.url} has ${expected.algorithm} ${digest}, not ${expected.digest}; it was thrown away`,
        {
          hint: 'the file at the address is not the one that the checksum was made for',
        },
      );
    }
    const file = join(request.directory, `fetched-${digest}`);
    await rename(partial, file);
    return { file, status };
  } finally {
    await rm(partial, { force: true });
  }
}

async function open(
  request: DownloadRequest,
  address: string,
): Promise<{ body: Readable; status: number | undefined }> {
  const url = new URL(address);
  if (url.protocol === 'file:') return { body: createReadStream(fileURLToPath(url)), status: undefined };
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TaskError(`${address}: only http, https and file addresses are fetched`);
  const waiting = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeout * 1000)]);
  const begun = new AbortController();
  const abort = () => begun.abort(waiting.reason);
  waiting.addEventListener('abort', abort);
  try {
    if (!request.validateCerts && url.protocol === 'https:') {
      const answer = await askUnchecked(url, request.headers, begun.signal);
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        answer.destroy();
        throw refused(address, status, answer.statusMessage);
      }
      return { body: answer, status };
    }
    const response = await fetch(url, { headers: request.headers, signal: begun.signal });
    if (!response.ok || response.body === null) throw refused(address, response.status, response.statusText);
    return { body: Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), status: response.status };
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(`${address} could not be fetched: ${messageOf(error)}`);
  } finally {
    waiting.removeEventListener('abort', abort);
  }
}

function refused(address: string, status: number, text: string | undefined): TaskError {
  return new TaskError(`${address} answered ${status} ${text ?? ''}`, { details: { status_code: status } });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

interface Digest {
  readonly algorithm: string;
  readonly digest: string;
}

const lengths: Readonly<Record<string, number>> = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
};

/** Splits `algorithm:value`; the value may be the address of a file of digests. Throws TaskError. */
export function parseChecksum(checksum: string): { algorithm: string; value: string } {
  const [, algorithm = '', value = ''] = /^(\w+):(.+)$/s.exec(checksum.trim()) ?? [];
  const length = lengths[algorithm.toLowerCase()];
  const isAddress = /^(?:https?|file):/.test(value);
  if (length === undefined || (!isAddress && !new RegExp(`^[0-9A-Fa-f]{${length}}$`).test(value))) {
    throw new TaskError(`checksum ${JSON.stringify(checksum)} is none`, {
      hint: 'write `sha256:` and 64 hexadecimal digits, or `sha256:` and an address',
    });
  }
  return { algorithm: algorithm.toLowerCase(), value: isAddress ? value : value.toLowerCase() };
}

async function expectedDigest(request: DownloadRequest): Promise<Digest | undefined> {
  if (request.checksum === '') return undefined;
  const { algorithm, value } = parseChecksum(request.checksum);
  if (/^[0-9a-f]+$/.test(value)) return { algorithm, digest: value };
  const list = join(request.directory, `digests-${randomUUID()}`);
  try {
    const { body } = await open(request, value);
    await writeFile(list, body, { mode: 0o600 });
    const digest = digestFor(
      await readFile(list, 'utf8'),
      new URL(request.url).pathname.split('/').at(-1) ?? '',
      lengths[algorithm] ?? 64,
    );
    if (digest === undefined) throw new TaskError(`${value} has no ${algorithm} digest for ${request.url}`);
    return { algorithm, digest };
  } finally {
    await rm(list, { force: true });
  }
}

/** The digest of a file in a list as sha256sum writes it; a list with one digest and no name is for any file. */
export function digestFor(list: string, name: string, length: number): string | undefined {
  const lines = list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const entries = lines
    .map((line) => new RegExp(`^([0-9A-Fa-f]{${length}})(?:\\s+[*]?(.*))?$`).exec(line))
    .filter((match) => match !== null);
  const named = entries.find(([, , file]) => file !== undefined && (file === name || file.split('/').at(-1) === name));
  const only = entries.length === 1 && entries[0]?.[2] === undefined ? entries[0] : undefined;
  return (named ?? only)?.[1]?.toLowerCase();
}
