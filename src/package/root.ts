import { join } from 'node:path';

/** Where the package is installed: two directories above this code, as source or bundled. */
export const packageRoot = join(import.meta.dirname, '..', '..');

/** A file or directory that comes with the package, by its path from the root. */
export function packageFile(path: string): string {
  return join(packageRoot, path);
}
