import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { TaskError } from '../errors/errors.ts';
import { openVault } from '../vault/keyring.ts';
import { isVault, VaultError } from '../vault/vault-text.ts';

/** Content that a task puts on a host, with the digests that tell whether it is there already. */
export interface Content {
  readonly sha256: string;
  /** Ansible returns SHA-1 as `checksum`. */
  readonly sha1: string;
  readonly size: number;
  /** UTF-8 and no longer than 2 KiB: to send it costs a host less than its digest. */
  readonly isShortText: boolean;
  /** The bytes; read again from the file when they are needed, so that no large file waits in memory. */
  bytes(): Promise<Buffer>;
}

/** A file of the control machine as a task means it: a vault is opened unless the task says `decrypt: false`. */
export interface SourceFile {
  readonly content: Content;
  /** What came out of a vault is shown nowhere. */
  readonly secret: boolean;
}

/** Most bytes of a short text: a host needs as long for a process as for sending some packets, but networks differ. */
export const SHORT_BYTES = 2048;

export async function contentOfSource(file: string, decrypt: boolean): Promise<SourceFile> {
  if (!decrypt || !(await beginsAsVault(file))) return { content: await contentOfFile(file), secret: false };
  return { content: contentOfBytes(openedVault(file, await readFile(file, 'latin1'))), secret: true };
}

async function beginsAsVault(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const head = Buffer.alloc(32);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return isVault(head.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function openedVault(file: string, text: string): Buffer {
  try {
    return openVault(text);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw new TaskError(`${file}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}

/** Digests of local files, as long as time and size say that the file is the same: many hosts share one reading. */
const known = new Map<string, { readonly stamp: string; readonly content: Content }>();

export function contentOfText(text: string): Content {
  return contentOfBytes(Buffer.from(text));
}

export function contentOfBytes(bytes: Buffer): Content {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  const digests = { sha256: digest('sha256'), sha1: digest('sha1') };
  return { ...digests, size: bytes.length, isShortText: isShortText(bytes), bytes: async () => bytes };
}

export async function contentOfFile(file: string): Promise<Content> {
  const status = await stat(file);
  const stamp = `${status.ino}:${status.size}:${status.mtimeMs}`;
  const cached = known.get(file);
  if (cached?.stamp === stamp) return cached.content;
  const [sha256, sha1] = [createHash('sha256'), createHash('sha1')];
  let size = 0;
  let isText = true;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    sha1.update(chunk);
    size += chunk.length;
    isText &&= size === chunk.length && isShortText(chunk);
  }
  const digest = sha256.digest('hex');
  const digests = { sha256: digest, sha1: sha1.digest('hex') };
  const content = { ...digests, size, isShortText: isText, bytes: () => bytesOf(file, digest) };
  known.set(file, { stamp, content });
  return content;
}

/** A text in which U+FFFD stands itself cannot be told from one that is no UTF-8, once it is decoded. */
function isShortText(bytes: Buffer): boolean {
  return bytes.length <= SHORT_BYTES && isUtf8(bytes) && !bytes.includes('\uFFFD');
}

async function bytesOf(file: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(file);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new TaskError(`${file} changed while it was being copied`, { hint: 'run again' });
  }
  return bytes;
}
