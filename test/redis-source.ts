import { symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { aptSource } from '../src/modules/redis-build/apt-source.ts';
import { cachedSource } from '../src/modules/redis-build/fetch-source.ts';

/** A Redis source tarball as upstream made it, from the distribution's source package, verified by apt. */
export interface RedisSource {
  /** Upstream version, such as 7.0.15. */
  readonly version: string;
  /** A path that ends in `.tar.gz`. */
  readonly file: string;
  readonly sha256: string;
}

/** Fetched once per machine; kept below ~/.cache/rcdeploy/test-sources. */
export async function redisSource(): Promise<RedisSource> {
  const cacheDir = `${homedir()}/.cache/rcdeploy/test-sources`;
  const context = { cacheDir, signal: AbortSignal.timeout(300_000), progress: () => undefined };
  const source = await aptSource('redis', false, context);
  const tarball = source.files.find(({ name }) => /\.orig\.tar\.gz$/.test(name));
  if (!tarball) throw new Error(`no .orig.tar.gz in ${source.files.map(({ name }) => name).join(', ')}`);
  const file = `${cacheDir}/redis-${source.version}-${tarball.sha256.slice(0, 8)}.tar.gz`;
  await symlink(cachedSource(cacheDir, tarball.sha256), file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return { version: source.version, file, sha256: tarball.sha256 };
}
