import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type BuildInfo, parseBuildInfo } from './build-info.ts';

/** A finished build: a tar.gz of `bin/`, `build.json` and `directives.json`. */
export interface CachedBuild {
  readonly info: BuildInfo;
  readonly sha256: string;
  readonly archive: Buffer;
}

/** The build of that key from the cache; undefined when there is none or when its bytes are not what was put in. */
export async function readBuild(cacheDir: string, key: string): Promise<CachedBuild | undefined> {
  const record = await readFile(`${cacheDir}/builds/${key}.json`, 'utf8').catch(() => undefined);
  const { sha256, info: raw } = record ? (JSON.parse(record) as { sha256: string; info: unknown }) : {};
  const info = parseBuildInfo(JSON.stringify(raw ?? null));
  if (!info || !sha256 || info.key !== key) {
    return undefined;
  }
  const archive = await readFile(archiveFile(cacheDir, sha256)).catch(() => undefined);
  return archive && sha256Of(archive) === sha256 ? { info, sha256, archive } : undefined;
}

/** Keep a build. The archive has its name before the record points to it, so that a crash between them loses only work. */
export async function writeBuild(cacheDir: string, info: BuildInfo, archive: Buffer): Promise<CachedBuild> {
  const sha256 = sha256Of(archive);
  await mkdir(`${cacheDir}/builds`, { recursive: true, mode: 0o700 });
  await writeWhole(archiveFile(cacheDir, sha256), archive);
  await writeWhole(`${cacheDir}/builds/${info.key}.json`, Buffer.from(JSON.stringify({ sha256, info }, undefined, 2)));
  return { info, sha256, archive };
}

function archiveFile(cacheDir: string, sha256: string): string {
  return `${cacheDir}/builds/${sha256}.tar.gz`;
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeWhole(file: string, bytes: Buffer): Promise<void> {
  const temporary = `${file}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
