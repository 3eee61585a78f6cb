import { existsSync, lstatSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { define } from '../functions.ts';
import { str } from '../python-text.ts';

/** Tests on paths of the control machine. */
export const pathTests = {
  exists: define('', (path: unknown) => existsSync(str(path))),
  link_exists: define('', (path: unknown) => lstatSync(str(path), { throwIfNoEntry: false }) !== undefined),
  file: define('', (path: unknown) => status(path)?.isFile() === true),
  directory: define('', (path: unknown) => status(path)?.isDirectory() === true),
  link: define('', (path: unknown) => lstatSync(str(path), { throwIfNoEntry: false })?.isSymbolicLink() === true),
  abs: define('', (path: unknown) => isAbsolute(str(path))),
  same_file: define('other', (path: unknown, other: unknown) => {
    const [a, b] = [status(path), status(other)];
    return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
  }),
};

function status(path: unknown) {
  return statSync(str(path), { throwIfNoEntry: false });
}
