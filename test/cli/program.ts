import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { main } from '../../src/cli/program.ts';

/** A directory with these files. */
export function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-cli-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

/** What the program says to these arguments, and its exit status. */
export async function rcdeploy(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => (chunk: unknown, done?: unknown) => {
    texts[name] += String(chunk);
    if (typeof done === 'function') done();
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('err')),
  ];
  process.exitCode = undefined;
  try {
    return { exit: await main(argv), ...texts };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}
