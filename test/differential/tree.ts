import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a directory with its kind, mode, owner and content, by path. */
export function treeOf(dir: string): Record<string, string> {
  const entries = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(entries.map((path) => [path, describe(join(dir, path))]));
}

function describe(path: string): string {
  const stat = lstatSync(path);
  const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  if (stat.isDirectory()) return `directory ${owner}`;
  if (!stat.isFile()) return `special ${owner}`;
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
  return `file ${owner} ${stat.size} ${digest}`;
}
