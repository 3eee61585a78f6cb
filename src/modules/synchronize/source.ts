import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TaskError } from '../../errors/errors.ts';
import { contentOfFile } from '../local-file.ts';
import type { SyncOptions } from './options.ts';

interface Attributes {
  /** Relative to the top of the transfer; `.` is the top itself. */
  readonly path: string;
  readonly bits: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** Owner and group: names where this machine knows them, and numbers. */
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

export type SourceEntry = Attributes &
  (
    | { readonly kind: 'directory' }
    | { readonly kind: 'link'; readonly target: string }
    | {
        readonly kind: 'file';
        readonly size: number;
        readonly file: string;
        /** Only where contents are compared. */
        readonly sha256: string;
      }
  );

/** What shall be on the host, directories before what is in them. */
export interface Source {
  readonly entries: readonly SourceEntry[];
  /** One file, which may get another name on the host. */
  readonly single: boolean;
  readonly warnings: readonly string[];
}

/** More would make scripts and replies of many megabytes. */
const entryLimit = 20_000;
const sizeLimit = 2 ** 31 - 1;

/** `contents`: what is in the directory is meant (a trailing slash), and its own attributes. */
export async function readSource(file: string, contents: boolean, options: SyncOptions): Promise<Source> {
  const entries: SourceEntry[] = [];
  const status = statSync(file);
  if (!status.isDirectory()) {
    const walk = new Walk(options, entries);
    await walk.add(file, basename(file), options.copyLinks ? status : lstatSync(file));
    return { entries, single: true, warnings: [] };
  }
  if (!options.recursive) {
    return { entries, single: false, warnings: [`${file} is a directory, which is left out without recursive`] };
  }
  const walk = new Walk(options, entries);
  await walk.addDirectory(file, contents ? '.' : basename(file), status, 0);
  return { entries, single: false, warnings: [] };
}

class Walk {
  private readonly options: SyncOptions;
  private readonly entries: SourceEntry[];
  constructor(options: SyncOptions, entries: SourceEntry[]) {
    this.options = options;
    this.entries = entries;
  }

  async addDirectory(directory: string, path: string, status: Stats, depth: number): Promise<void> {
    if (depth > 64)
      throw new TaskError(`${directory} is more than 64 directories deep`, { hint: 'a symbolic link may lead back' });
    this.checkCount();
    this.entries.push({ ...attributesOf(path, status, this.options), kind: 'directory' });
    const names = readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
    for (const name of names.map(nameOf).sort()) {
      const file = join(directory, name);
      const below = path === '.' ? name : `${path}/${name}`;
      if (name === '.rsync-filter') {
        throw new TaskError(`${file}: filter files are not read`, {
          hint: 'write its rules as rsync_opts (--exclude=…) and exclude the file itself',
        });
      }
      const entry = this.options.copyLinks ? statSync(file) : lstatSync(file);
      if (!this.options.filter(below, entry.isDirectory())) continue;
      if (entry.isDirectory()) await this.addDirectory(file, below, entry, depth + 1);
      else await this.add(file, below, entry);
    }
  }

  async add(file: string, path: string, status: Stats): Promise<void> {
    this.checkCount();
    const attributes = attributesOf(path, status, this.options);
    if (status.isSymbolicLink()) {
      if (this.options.links) this.entries.push({ ...attributes, kind: 'link', target: readlinkSync(file) });
    } else if (status.isFile()) {
      if (status.size > sizeLimit)
        throw new TaskError(`${file} is larger than 2 GiB`, { hint: 'fetch it with get_url' });
      const sha256 = this.options.byContent ? (await contentOfFile(file)).sha256 : '';
      this.entries.push({ ...attributes, kind: 'file', size: status.size, file, sha256 });
    } else {
      throw new TaskError(`${file} is neither file, directory nor link`, { hint: 'exclude it with rsync_opts' });
    }
  }

  private checkCount(): void {
    if (this.entries.length < entryLimit) return;
    throw new TaskError(`more than ${entryLimit} files and directories are too many to compare one by one`, {
      hint: 'send them as one archive with unarchive, or exclude some',
    });
  }
}

function nameOf(entry: Dirent<Buffer>): string {
  const name = entry.name.toString('utf8');
  if (!Buffer.from(name).equals(entry.name)) throw new TaskError(`${JSON.stringify(name)} is not UTF-8: rename it`);
  return name;
}

function attributesOf(path: string, status: Stats, options: SyncOptions): Attributes {
  const { user, group } = options.chown;
  return {
    path,
    bits: options.modeOf(status.mode & 0o7777, status.isDirectory()),
    mtime: Math.floor(status.mtimeMs / 1000),
    user: user || (localNames('/etc/passwd').get(status.uid) ?? ''),
    group: group || (localNames('/etc/group').get(status.gid) ?? ''),
    uid: /^\d+$/.test(user) ? Number(user) : status.uid,
    gid: /^\d+$/.test(group) ? Number(group) : status.gid,
  };
}

const nameCache = new Map<string, ReadonlyMap<number, string>>();

/** Names of users or groups of this machine by number; read once. */
function localNames(file: string): ReadonlyMap<number, string> {
  const cached = nameCache.get(file);
  if (cached !== undefined) return cached;
  const lines = readFileSync(file, 'utf8').split('\n').reverse();
  const names = new Map(lines.map((line) => line.split(':')).map(([name = '', , id = '']) => [Number(id), name]));
  nameCache.set(file, names);
  return names;
}
