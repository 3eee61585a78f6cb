import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../errors/errors.ts';

/** Magic numbers of file systems that live in memory (statfs(2)). */
const memoryTypes = new Set([0x01021994, 0x858458f6]);

/**
 * What an editor makes of a text. The file that it works on lies in memory, in a directory for this user only, together with
 * whatever copies the editor makes beside it, and is gone when the editor ends or rcdeploy is told to.
 */
export async function editInMemory(content: Buffer, name: string): Promise<Buffer> {
  const directory = mkdtempSync(join(memoryDirectory(), 'rcdeploy-vault-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const leave = () => {
    remove();
    process.exit(130);
  };
  const signals = ['SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, leave);
  // Ctrl-C belongs to the editor, which shares the terminal.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  try {
    const file = join(directory, basename(name));
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
    await runEditor(file);
    return readFileSync(file);
  } finally {
    process.off('SIGINT', ignore);
    for (const signal of signals) process.off(signal, leave);
    remove();
  }
}

function memoryDirectory(): string {
  const places = [process.env.XDG_RUNTIME_DIR, '/dev/shm', '/run'].filter(
    (place) => place !== undefined && place !== '',
  );
  const found = places.find((place) => place !== undefined && isInMemory(place));
  if (found !== undefined) return found;
  const hint = 'use `rcdeploy vault view` and `rcdeploy vault encrypt`, or mount a tmpfs at /dev/shm';
  throw new InputError([
    {
      severity: 'error',
      code: 'no-memory-directory',
      message: `no directory in memory to edit in (${places.join(', ')})`,
      hint,
    },
  ]);
}

function isInMemory(place: string): boolean {
  try {
    return memoryTypes.has(statfsSync(place).type);
  } catch {
    return false;
  }
}

function runEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      const message = `${editor} ${why}: nothing was changed`;
      reject(new InputError([{ severity: 'error', code: 'editor', message, hint: 'set EDITOR to an editor' }]));
    };
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else fail(signal === null ? `ended with exit status ${code}` : `was ended by ${signal}`);
    });
  });
}
