import { readdirSync, statSync } from 'node:fs';
import { posix } from 'node:path';

/** Regular files whose names match a shell pattern in the last part of the path, sorted. */
export function globFiles(pattern: string): string[] {
  const folder = posix.dirname(pattern);
  const name = globExpression(posix.basename(pattern));
  return namesIn(folder)
    .filter((entry) => name.test(entry))
    .map((entry) => posix.join(folder, entry))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** `*`, `?` and `[…]`; a leading dot is matched only by a dot. */
function globExpression(glob: string): RegExp {
  const body = glob.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return /[\w-]/.test(part) ? part : `\\${part}`;
  });
  return new RegExp(`^${glob.startsWith('.') ? '' : '(?!\\.)'}${body}$`);
}
