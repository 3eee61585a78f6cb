import { existsSync, lstatSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
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
  same_file: define('other', sameFile),
  mount: define('', isMount),
  is_file: define('', (path: unknown) => status(path)?.isFile() === true),
  is_dir: define('', (path: unknown) => status(path)?.isDirectory() === true),
  is_link: define('', (path: unknown) => lstatSync(str(path), { throwIfNoEntry: false })?.isSymbolicLink() === true),
  is_abs: define('', (path: unknown) => isAbsolute(str(path))),
  is_same_file: define('other', sameFile),
  is_mount: define('', isMount),
};

function sameFile(path: unknown, other: unknown): boolean {
  const [a, b] = [status(path), status(other)];
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** A directory that lies on another device than the one above it, or is its own parent. */
function isMount(path: unknown): boolean {
  const text = str(path);
  const own = lstatSync(text, { throwIfNoEntry: false });
  const above = statSync(join(text, '..'), { throwIfNoEntry: false });
  if (own === undefined || above === undefined || own.isSymbolicLink()) return false;
  return own.dev !== above.dev || own.ino === above.ino;
}

function status(path: unknown) {
  return statSync(str(path), { throwIfNoEntry: false });
}
