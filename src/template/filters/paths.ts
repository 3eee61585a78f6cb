import { realpathSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { environment } from '../environment.ts';
import { define } from '../functions.ts';
import { elements, Tuple } from '../kinds.ts';
import { globFiles } from '../lookups/glob.ts';
import { str } from '../python-text.ts';

/** Filters on paths, with Python's `os.path` rules. */
export const pathFilters = {
  basename: define('', (path: unknown) => str(path).slice(str(path).lastIndexOf('/') + 1)),
  dirname: define('', (path: unknown) => {
    const head = str(path).slice(0, str(path).lastIndexOf('/') + 1);
    return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '');
  }),
  splitext: define('', (path: unknown) => splitExtension(str(path))),
  path_join: define('', (parts: unknown) => join(typeof parts === 'string' ? [parts] : elements(parts).map(str))),
  normpath: define('', (path: unknown) => posix.normalize(str(path)).replace(/(?<=.)\/$/, '')),
  realpath: define('', (path: unknown) => real(posix.resolve(str(path)))),
  relpath: define('start', (path: unknown, start: unknown = '.') => posix.relative(str(start), str(path)) || '.'),
  commonpath: define('', (paths: unknown) => commonPath(elements(paths).map(str))),
  expanduser: define('', (path: unknown) => str(path).replace(/^~(?=\/|$)/, () => environment('HOME') ?? '~')),
  expandvars: define('', (path: unknown) =>
    str(path).replace(
      /\$(?:(\w+)|\{([^}]*)\})/g,
      (all, plain?: string, braced?: string) => environment(plain ?? braced ?? '') ?? all,
    ),
  ),
  win_basename: define('', (path: unknown) => win32.basename(str(path))),
  win_dirname: define('', (path: unknown) => win32.dirname(str(path))),
  fileglob: define('', (pattern: unknown) => globFiles(str(pattern))),
};

function join(parts: readonly string[]): string {
  return parts.reduce((path, part) => {
    if (part.startsWith('/') || path === '') return part;
    return path.endsWith('/') ? path + part : `${path}/${part}`;
  }, '');
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === '/' ? path : posix.join(real(posix.dirname(path)), posix.basename(path));
  }
}

function commonPath(paths: readonly string[]): string {
  const split = paths.map((path) => path.split('/').filter((part) => part !== '' && part !== '.'));
  const [first = []] = split;
  const shared = first.findIndex((part, index) => split.some((other) => other[index] !== part));
  const parts = shared < 0 ? first : first.slice(0, shared);
  return (paths[0]?.startsWith('/') ? '/' : '') + parts.join('/');
}

/** The dots that a name begins with belong to the name. */
function splitExtension(path: string): Tuple {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  if (dot < 0 || /^\.*$/.test(name.slice(0, dot))) return Tuple.make([path, '']);
  const cut = path.length - name.length + dot;
  return Tuple.make([path.slice(0, cut), path.slice(cut)]);
}
