import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors/errors.ts';

/** A file's bytes; `-` is stdin. */
export async function readInput(file: string): Promise<Buffer> {
  if (file === '-') return await readStdin();
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError([
      {
        severity: 'error',
        code: 'unreadable-file',
        message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      },
    ]);
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}

/** Wholly or not at all, with the old file's owner and mode; a new one is for this user only. `-` is stdout. */
export async function writeResult(file: string, content: Buffer, { mustBeNew = false } = {}): Promise<void> {
  if (file === '-') {
    await new Promise<void>((resolve) => process.stdout.write(content, () => resolve()));
    return;
  }
  const before = existsSync(file) ? await stat(file) : undefined;
  if (mustBeNew && before !== undefined) {
    const hint = 'use `rcdeploy vault edit` to change it';
    throw new InputError([{ severity: 'error', code: 'file-exists', message: `${file} exists already`, hint }]);
  }
  const partial = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (before !== undefined) {
      await chmod(partial, before.mode & 0o7777);
      if (process.getuid?.() === 0) await chown(partial, before.uid, before.gid);
    }
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}
