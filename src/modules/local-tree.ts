import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { type Content, contentOfSource } from './local-file.ts';

export type TreeEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Content };

/** A directory of the control machine, parents before what is in them, paths relative to `dest`. */
export interface LocalTree {
  readonly entries: readonly TreeEntry[];
}

/** copy's arguments: links within the tree are read through, vaults are opened. */
interface Reading {
  readonly local_follow: boolean;
  readonly decrypt: boolean;
}

/** `contents`: what is in the directory is meant (a trailing slash), not the directory itself. */
export async function walkTree(directory: string, contents: boolean, how: Reading): Promise<LocalTree> {
  const entries: TreeEntry[] = [];
  const prefix = contents ? '' : basename(directory);
  if (prefix !== '') entries.push({ kind: 'directory', path: prefix, mode: statSync(directory).mode & 0o7777 });
  await walk(directory, prefix, how, entries, 0);
  return { entries };
}

async function walk(
  directory: string,
  prefix: string,
  how: Reading,
  entries: TreeEntry[],
  depth: number,
): Promise<void> {
  if (depth > 64)
    throw new TaskError(`${directory} is more than 64 directories deep`, { hint: 'a symbolic link may lead back' });
  for (const name of readdirSync(directory).sort()) {
    const file = join(directory, name);
    const path = join(prefix, name);
    if (/[\n\\]/.test(path))
      throw new TaskError(`${JSON.stringify(path)} cannot be copied: newline or backslash in its name`);
    const status = how.local_follow ? statSync(file) : lstatSync(file);
    const mode = status.mode & 0o7777;
    if (status.isDirectory()) {
      entries.push({ kind: 'directory', path, mode });
      await walk(file, path, how, entries, depth + 1);
    } else if (status.isSymbolicLink()) {
      entries.push({ kind: 'link', path, target: readlinkSync(file) });
    } else if (status.isFile()) {
      entries.push({ kind: 'file', path, mode, content: (await contentOfSource(file, how.decrypt)).content });
    } else {
      throw new TaskError(`${file} is neither file, directory nor link`);
    }
  }
}
