import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TaskError } from '../../errors/errors.ts';
import type { Source } from './spec.ts';

/** How long a download may stand still before the next source is tried, in milliseconds. */
const stallMs = 30_000;

export interface FetchContext {
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  progress(text: string): void;
}

/**
 * A verified copy of the first source that can be had, in the cache under its digest. Bytes with another digest are removed
 * at once and are an error even when another source would do: somebody should look.
 */
export async function fetchSource(
  sources: readonly Source[],
  context: FetchContext,
): Promise<Source & { file: string }> {
  await mkdir(`${context.cacheDir}/sources`, { recursive: true, mode: 0o700 });
  for (const source of sources) {
    const file = cachedSource(context.cacheDir, source.sha256);
    if ((await digestOfFile(file)) === source.sha256) {
      return { ...source, file };
    }
  }
  const failures: string[] = [];
  for (const source of sources) {
    const place = source.url ?? source.path ?? '';
    try {
      return { ...source, file: await fetchOne(source, place, context) };
    } catch (error) {
      if (error instanceof TaskError || context.signal.aborted) {
        throw error;
      }
      failures.push(`${place}: ${reason(error)}`);
    }
  }
  throw new TaskError(`The source could not be had: ${failures.join('; ')}`, {
    hint: "give source (redis_source in the shipped playbooks) a local file, a mirror, or apt-source (the distribution's own source package)",
  });
}

export function cachedSource(cacheDir: string, sha256: string): string {
  return `${cacheDir}/sources/${sha256}`;
}

async function fetchOne(source: Source, place: string, context: FetchContext): Promise<string> {
  context.progress(`fetching ${place}`);
  const target = cachedSource(context.cacheDir, source.sha256);
  const temporary = `${target}.${randomUUID()}.part`;
  try {
    const { path } = source;
    const begin = async () => (path ? createReadStream(path) : await download(place, context.signal));
    const digest = await writeFileOf(begin, temporary);
    if (digest !== source.sha256) {
      throw new TaskError(
        `${place} has sha256 ${digest}, not ${source.sha256} as pinned: it was not used and not kept`,
        {
          hint: 'the file was changed or damaged, or the pin belongs to another file',
        },
      );
    }
    await rename(temporary, target);
    return target;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A response body whose stream fails when it stands still for `stallMs`. */
async function download(url: string, signal: AbortSignal): Promise<Readable> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(new Error(`no data for ${stallMs / 1000} s`)), stallMs);
  const response = await fetch(url, { signal: AbortSignal.any([signal, stalled.signal]) }).catch((error) => {
    clearTimeout(timer);
    throw error;
  });
  if (!response.ok || !response.body) {
    clearTimeout(timer);
    throw new Error(`HTTP status ${response.status}`);
  }
  const body = Readable.fromWeb(response.body);
  body.on('data', () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(new Error(`no data for ${stallMs / 1000} s`)), stallMs);
  });
  body.on('close', () => clearTimeout(timer));
  return body.pause();
}

/** Write a stream to a new private file, synced, and return its sha256. An error of a stream that nobody reads yet would end the process. */
async function writeFileOf(begin: () => Promise<AsyncIterable<Buffer>>, file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of await begin()) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** sha256 of a file, undefined when there is none. */
export async function digestOfFile(file: string): Promise<string | undefined> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) {
    return undefined;
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function reason(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } };
  return [message, cause?.code ?? cause?.message].filter(Boolean).join(': ');
}
