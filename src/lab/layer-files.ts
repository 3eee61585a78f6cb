import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface HostFile {
  /** Relative to the host's root. */
  readonly path: string;
  readonly text: string;
  readonly mode?: number | undefined;
}

/** Write files into a layer or a host's disk while nobody uses it. */
export async function writeFiles(layer: string, files: readonly HostFile[]): Promise<void> {
  for (const { path, text, mode = 0o644 } of files) {
    await makeDir(layer, dirname(path));
    await writeFile(`${layer}/${path}`, text);
    await chmod(`${layer}/${path}`, mode);
  }
}

/** Make a directory and its parents in a layer, readable by all whatever this process's umask is. */
export async function makeDir(layer: string, path: string): Promise<void> {
  let whole = layer;
  for (const part of ['', ...path.split('/')]) {
    if (part !== '') whole += `/${part}`;
    const made = await mkdir(whole).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      },
    );
    if (made) await chmod(whole, 0o755);
  }
}
