import { readFileSync } from 'node:fs';
import { packageFile } from '../../package/root.ts';

/** Text of a file that ships in `data/`. */
export function readDataFile(name: string): string {
  return readFileSync(packageFile(`data/${name}`), 'utf8');
}
