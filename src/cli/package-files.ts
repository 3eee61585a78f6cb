import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package/root.ts';
import { output } from './terminal.ts';

export function packageVersion(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A path as given; where it does not exist here, the file of that name which comes with the package, said aloud. */
export function shippedIfMissing(path: string): string {
  if (path.startsWith('/') || path.includes(',') || existsSync(path)) return path;
  for (const candidate of [join(packageRoot, path), join(packageRoot, 'playbooks', path)]) {
    if (!existsSync(candidate)) continue;
    output.errorLine(`${path} is not in this directory: using ${candidate}`);
    return candidate;
  }
  return path;
}
