import { readFileSync } from 'node:fs';

/** Text of a file that ships in `data/`. The same relative path holds in `src/` and in `dist/`. */
export function readDataFile(name: string): string {
  return readFileSync(new URL(`../../../data/${name}`, import.meta.url), 'utf8');
}
