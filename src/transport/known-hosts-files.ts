import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type KnownHost, keyType, parseKnownHosts } from './known-hosts.ts';

interface Cached {
  readonly stamp: string;
  readonly hosts: readonly KnownHost[];
}

/** A thousand hosts share one file: it is read again only when it changed. */
const cache = new Map<string, Cached>();

/** All lines of the files that exist. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  return (await Promise.all(files.map(readOne))).flat();
}

/** Add a key in one append, so that runs side by side cannot tear each other's lines. */
export async function rememberKey(file: string, name: string, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    const torn = size > 0 && (await handle.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== 0x0a;
    await handle.appendFile(`${torn ? '\n' : ''}${name} ${keyType(key)} ${key.toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readOne(file: string): Promise<readonly KnownHost[]> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    const stamp = `${mtimeMs} ${size} ${ino}`;
    const cached = cache.get(file);
    if (cached?.stamp === stamp) {
      return cached.hosts;
    }
    const hosts = parseKnownHosts(file, await readFile(file, 'utf8'));
    cache.set(file, { stamp, hosts });
    return hosts;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return [];
    }
    throw error;
  }
}
