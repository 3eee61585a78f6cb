import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aptSource } from '../src/modules/redis-build/apt-source.ts';
import { cachedSource } from '../src/modules/redis-build/fetch-source.ts';

const run = promisify(execFile);
const cacheDir = `${homedir()}/.cache/rcdeploy/test-sources`;

/** A source tarball as upstream made it, from a distribution's source package, verified by apt. */
export interface ServerSource {
  readonly flavor: 'redis' | 'valkey';
  /** Upstream version, such as 7.0.15. */
  readonly version: string;
  /** A path that ends as the tarball does. */
  readonly file: string;
  readonly sha256: string;
}

/** What this machine's own distribution has. Fetched once per machine; kept below ~/.cache/rcdeploy/test-sources. */
export async function redisSource(): Promise<ServerSource> {
  const context = { cacheDir, signal: AbortSignal.timeout(300_000), progress: () => undefined };
  const source = await aptSource('redis', false, context);
  const tarball = source.files.find(({ name }) => /\.orig\.tar\.gz$/.test(name));
  if (!tarball) throw new Error(`no .orig.tar.gz in ${source.files.map(({ name }) => name).join(', ')}`);
  const file = `${cacheDir}/redis-${source.version}-${tarball.sha256.slice(0, 8)}.tar.gz`;
  await symlink(cachedSource(cacheDir, tarball.sha256), file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return { flavor: 'redis', version: source.version, file, sha256: tarball.sha256 };
}

/** Redis 8.0 of Debian 13. */
export async function newerRedisSource(): Promise<ServerSource> {
  return await debianSource('redis', 'trixie', '8.0');
}

/** Valkey 8.1 of Debian 13. */
export async function valkeySource(): Promise<ServerSource> {
  return await debianSource('valkey', 'trixie', '8.1');
}

/** Valkey 9.1 of the Debian release after 13. That one still moves on: a test needs another way for when it has another version. */
export async function newestValkeySource(): Promise<ServerSource> {
  return await debianSource('valkey', 'forky', '9.1');
}

/** What it is built with, by all who want it: one build does, and without link-time optimization it takes half as long. */
export const NEWEST_VALKEY_MAKE_ARGS = { BUILD_TLS: 'yes', OPTIMIZATION: '-O1' };

/** The tarball that TEST_SERVER_SOURCE names (`…/redis-4.0.7.tar.gz`): for trying a version that no package has. */
export async function givenSource(): Promise<ServerSource | undefined> {
  const file = process.env.TEST_SERVER_SOURCE;
  if (file === undefined) return undefined;
  const [, flavor, version] = /(redis|valkey)-([\d.]+)\.tar\.[gx]z$/.exec(file) ?? [];
  if (version === undefined) throw new Error(`TEST_SERVER_SOURCE ends with FLAVOR-VERSION.tar.gz: ${file}`);
  return { flavor: flavor as ServerSource['flavor'], version, file, sha256: digest(await readFile(file)) };
}

/**
 * The tarball that a Debian suite has of a release line, from the cache or its archive: the index is verified by apt with the
 * keys of this machine, and only the tarball is fetched.
 */
async function debianSource(flavor: ServerSource['flavor'], suite: string, line: string): Promise<ServerSource> {
  const isOfLine = (name: string): boolean => {
    const parsed = parseName(name);
    return parsed?.flavor === flavor && `${parsed.version}.`.startsWith(`${line}.`);
  };
  const kept = (await readdir(cacheDir).catch(() => [])).find(isOfLine);
  const name = kept ?? (await fetchTarball(flavor, suite));
  if (!isOfLine(name)) throw new Error(`Debian ${suite} has no ${flavor} ${line}, but ${name}`);
  const file = `${cacheDir}/${name}`;
  const sha256 = digest(await readFile(file));
  const parsed = parseName(name);
  if (parsed?.head !== sha256.slice(0, 8)) throw new Error(`${file} is damaged: remove it`);
  return { flavor, version: parsed.version, file, sha256 };
}

/** Tarballs are kept as `FLAVOR-VERSION-DIGEST.tar.gz` (or `.xz`), with the first eight digits of the digest. */
function parseName(name: string): { flavor: string; version: string; head: string } | undefined {
  const [, flavor, version, head] = /^(redis|valkey)-([\d.]+)-([0-9a-f]{8})\.tar\.[gx]z$/.exec(name) ?? [];
  return flavor !== undefined && version !== undefined && head !== undefined ? { flavor, version, head } : undefined;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function fetchTarball(flavor: string, suite: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), `rcdeploy-${suite}-`));
  try {
    await mkdir(`${work}/lists/partial`, { recursive: true });
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const source = `Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: ${suite}\nComponents: main\nSigned-By: ${keyring}\n`;
    await writeFile(`${work}/${suite}.sources`, source);
    const places = [
      `Etc::sourcelist=${work}/${suite}.sources`,
      'Etc::sourceparts=-',
      `State::lists=${work}/lists`,
      `Cache=${work}`,
    ];
    const options = ['-q', ...places.flatMap((place) => ['-o', `Dir::${place}`]), '-o', 'APT::Sandbox::User='];
    await run('apt-get', [...options, 'update'], { cwd: work });
    await run('apt-get', [...options, 'source', '--download-only', '--tar-only', flavor], { cwd: work });
    // Debian names a tarball from which it removed something 8.1.1+dfsg1.
    const tarballs = (await readdir(work)).flatMap((name) => {
      const [, version, end] = /_([\d.]+)(?:[+~]\w+)?\.orig\.(tar\.[gx]z)$/.exec(name) ?? [];
      return version === undefined ? [] : [{ name, version, end }];
    });
    const [tarball] = tarballs;
    if (!tarball) throw new Error(`apt-get fetched no source of ${flavor} from ${suite}`);
    const bytes = await readFile(`${work}/${tarball.name}`);
    const name = `${flavor}-${tarball.version}-${digest(bytes).slice(0, 8)}.${tarball.end}`;
    await mkdir(cacheDir, { recursive: true });
    await writeFile(`${cacheDir}/${name}.part`, bytes);
    await rename(`${cacheDir}/${name}.part`, `${cacheDir}/${name}`);
    return name;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
