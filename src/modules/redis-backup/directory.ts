import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { TaskError } from '../../errors/errors.ts';
import { MANIFEST_FILE, type Manifest, manifestText, parseManifest } from '../../redis/backup/manifest.ts';

/** An absolute path of the control machine, from the working directory or the operator's home. */
export function localPath(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(path);
}

/** The manifest of a backup. Throws TaskError naming the file and what is wrong with it. */
export async function readManifest(directory: string): Promise<Manifest> {
  const file = join(directory, MANIFEST_FILE);
  try {
    return parseManifest(await readFile(file, 'utf8'));
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why = code === 'ENOENT' ? 'there is no such file' : error instanceof Error ? error.message : String(error);
    throw new TaskError(`${directory} is no backup: ${file}: ${why}`, {
      ...(code === 'ENOENT' && { hint: 'a backup that was not finished has no manifest' }),
    });
  }
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** A directory that becomes the backup in one step; until then its name begins with a dot. */
export class UnfinishedBackup {
  readonly path: string;
  readonly #final: string;

  private constructor(path: string, final: string) {
    this.path = path;
    this.#final = final;
  }

  /** Also removes what killed backups of this cluster left: only one runs at a time. */
  static async begin(parent: string, cluster: string, label: string): Promise<UnfinishedBackup> {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const left = (await readdir(parent)).filter((name) => isRemainder(name, cluster, label));
    for (const name of left) await rm(join(parent, name), { recursive: true, force: true });
    const path = join(parent, `.${label}.partial`);
    await mkdir(path, { mode: 0o700 });
    return new UnfinishedBackup(path, join(parent, label));
  }

  async finish(manifest: Manifest): Promise<void> {
    const file = await open(join(this.path, MANIFEST_FILE), 'wx', 0o600);
    try {
      await file.writeFile(manifestText(manifest));
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(this.path);
    await rename(this.path, this.#final);
    await syncDirectory(dirname(this.#final));
  }

  async abandon(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** `.LABEL.partial` of this label, or of a default label of this cluster. */
function isRemainder(name: string, cluster: string, label: string): boolean {
  if (!name.startsWith('.') || !name.endsWith('.partial')) return false;
  const of = name.slice(1, -'.partial'.length);
  return of === label || (of.startsWith(`${cluster}-`) && /^\d{8}T\d{6}Z$/.test(of.slice(cluster.length + 1)));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
