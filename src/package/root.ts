import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the package is installed: the nearest directory above this code with a package.json, as source or bundled. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** A file or directory that comes with the package, by its path from the root. */
export function packageFile(path: string): string {
  return join(packageRoot, path);
}

function findRoot(dir: string): string {
  if (existsSync(join(dir, 'package.json'))) return dir;
  if (dirname(dir) === dir) throw new Error('the package of rcdeploy is incomplete: it has no package.json');
  return findRoot(dirname(dir));
}
