import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aptSource } from '../src/modules/redis-build/apt-source.ts';
import { cachedSource } from '../src/modules/redis-build/fetch-source.ts';

const run = promisify(execFile);

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

/** What Debian 13 has: for upgrades. Its index is verified by apt with the keys of this machine; only the tarball is fetched. */
export async function newerRedisSource(): Promise<RedisSource> {
  const cacheDir = `${homedir()}/.cache/rcdeploy/test-sources`;
  const kept = (await readdir(cacheDir).catch(() => [])).find((name) =>
    /^redis-8\.0\.\d+-[0-9a-f]{8}\.tar\.gz$/.test(name),
  );
  const file = `${cacheDir}/${kept ?? (await fetchFromTrixie(cacheDir))}`;
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const [, version = '', head] = /redis-([\d.]+)-([0-9a-f]{8})\.tar\.gz$/.exec(file) ?? [];
  if (head !== sha256.slice(0, 8)) throw new Error(`${file} is damaged: remove it`);
  return { version, file, sha256 };
}

async function fetchFromTrixie(cacheDir: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'rcdeploy-trixie-'));
  try {
    await mkdir(`${work}/lists/partial`, { recursive: true });
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const source = `Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\nSigned-By: ${keyring}\n`;
    await writeFile(`${work}/trixie.sources`, source);
    const places = [
      `Etc::sourcelist=${work}/trixie.sources`,
      'Etc::sourceparts=-',
      `State::lists=${work}/lists`,
      `Cache=${work}`,
    ];
    const options = ['-q', ...places.flatMap((place) => ['-o', `Dir::${place}`]), '-o', 'APT::Sandbox::User='];
    await run('apt-get', [...options, 'update'], { cwd: work });
    await run('apt-get', [...options, 'source', '--download-only', '--tar-only', 'redis'], { cwd: work });
    const tarball = (await readdir(work)).find((name) => name.endsWith('.orig.tar.gz'));
    if (!tarball) throw new Error('apt-get fetched no source of Redis from trixie');
    const bytes = await readFile(`${work}/${tarball}`);
    const version = /_([\d.]+)\.orig/.exec(tarball)?.[1];
    const name = `redis-${version}-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}.tar.gz`;
    await mkdir(cacheDir, { recursive: true });
    await writeFile(`${cacheDir}/${name}.part`, bytes);
    await rename(`${cacheDir}/${name}.part`, `${cacheDir}/${name}`);
    return name;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
