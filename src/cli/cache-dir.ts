import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where builds and fetched sources are kept on the control machine; content-addressed, so it may be emptied at any time. */
export function cacheDirectory(create: boolean): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(base, 'rcdeploy');
  if (create) mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
