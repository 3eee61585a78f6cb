import { quote } from '../sh/quote.ts';

/** A path on the host as one shell word: `~/` is the task's user's home, and a leading `-` is no option. */
export function pathWord(path: string): string {
  if (path === '~') return '"$HOME"';
  if (path.startsWith('~/')) return `"$HOME"${quote(path.slice(1))}`;
  return quote(path.startsWith('-') ? `./${path}` : path);
}

/** The directory that holds a path, as dirname(1) says it. */
export function parentOf(path: string): string {
  const trimmed = path.replace(/(.)\/+$/, '$1');
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : trimmed.slice(0, slash);
}
