import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { TaskError } from '../../errors/errors.ts';
import { compareVersions } from '../../redis/versions/server-version.ts';
import { readDataFile } from './data-files.ts';
import { officialTarball, officialVersions } from './official-digests.ts';

/** A place where the source (or a ready archive) may be had, with the digest that it must have. */
export interface Source {
  readonly url?: string;
  readonly path?: string;
  readonly sha256: string;
}

/** What shall be built, apart from the platform. `version` is undefined when the distribution decides (`apt-source`). */
export interface BuildSpec {
  readonly flavor: 'redis' | 'valkey';
  readonly version: string | undefined;
  readonly origin: 'pinned' | 'apt-source';
  readonly sources: readonly Source[];
  /** `NAME=value` words for make, sorted by name. */
  readonly makeArgs: readonly string[];
}

interface Quirk {
  readonly flavor: string;
  readonly from: string;
  readonly to: string;
  readonly make_args: Readonly<Record<string, string>>;
}

export interface SourceArgs {
  readonly flavor: 'redis' | 'valkey';
  readonly version?: string | undefined;
  readonly source?: unknown;
  readonly sha256?: unknown;
  readonly make_args?: Readonly<Record<string, unknown>> | undefined;
}

/** Arguments to a spec. `isDirectory` tells whether a local path is a directory of tarballs. Throws TaskError for what is not pinned. */
export function buildSpec(args: SourceArgs, isDirectory: (path: string) => boolean): BuildSpec {
  const makeArgs = makeWords(args);
  if (args.source === 'apt-source') {
    return { flavor: args.flavor, version: args.version, origin: 'apt-source', sources: [], makeArgs };
  }
  if (!args.version) {
    throw new TaskError('redis_build needs a version', {
      hint: `for instance ${officialVersions()[0]}; only source: apt-source takes the version from the distribution`,
    });
  }
  return {
    flavor: args.flavor,
    version: args.version,
    origin: 'pinned',
    sources: sources(args, isDirectory),
    makeArgs,
  };
}

function makeWords(args: SourceArgs): string[] {
  const words: Record<string, string> = { USE_SYSTEMD: 'no', ...quirksOf(args.flavor, args.version) };
  for (const [name, value] of Object.entries(args.make_args ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new TaskError(`make_args: "${name}" is not the name of a make variable`);
    }
    words[name] = value === true ? 'yes' : value === false ? 'no' : String(value);
  }
  return Object.keys(words)
    .sort()
    .map((name) => `${name}=${words[name]}`);
}

/** Make variables without which this version does not build with today's compilers. */
export function quirksOf(flavor: string, version: string | undefined): Readonly<Record<string, string>> {
  const quirks = JSON.parse(readDataFile('build-quirks.json')) as Quirk[];
  const quirk = quirks.find(
    (one) =>
      version !== undefined &&
      one.flavor === flavor &&
      compareVersions(one.from, version) <= 0 &&
      compareVersions(version, one.to) <= 0,
  );
  return quirk?.make_args ?? {};
}

function sources(args: SourceArgs, isDirectory: (path: string) => boolean): Source[] {
  const tarball = `${args.flavor}-${args.version}.tar.gz`;
  const declared = args.source ?? officialTarball(tarball)?.url;
  if (declared === undefined) {
    throw new TaskError(`No digest is known for ${tarball}, so it is not fetched`, {
      hint: 'give source (a URL or a local file) and its sha256, or use a version of the redis-hashes list',
    });
  }
  const entries = Array.isArray(declared) ? declared : [declared];
  return entries.map((entry) => oneSource(entry, tarball, args.sha256, isDirectory));
}

function oneSource(entry: unknown, tarball: string, sha256: unknown, isDirectory: (path: string) => boolean): Source {
  const fields = typeof entry === 'string' ? { place: entry } : placeOf(entry);
  const isUrl = /^https?:\/\//.test(fields.place);
  const place = !isUrl && isDirectory(fields.place) ? `${fields.place.replace(/\/$/, '')}/${tarball}` : fields.place;
  const file = basename(isUrl ? new URL(place).pathname : place);
  const digest = fields.sha256 ?? digestFor(file, sha256) ?? officialTarball(file)?.sha256;
  if (digest === undefined) {
    throw new TaskError(`${place} is not pinned: no sha256 is given and none is known for ${file}`, {
      hint: `add sha256: the output of sha256sum ${file}, from a source that you trust`,
    });
  }
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new TaskError(`sha256 of ${place} is not 64 lower-case hex digits: ${digest}`);
  }
  return isUrl ? { url: place, sha256: digest } : { path: place, sha256: digest };
}

function placeOf(entry: unknown): { place: string; sha256?: string } {
  const { url, path, sha256 } = (entry ?? {}) as { url?: unknown; path?: unknown; sha256?: unknown };
  const place = url ?? path;
  if (typeof place !== 'string') {
    throw new TaskError('Each source is a URL, a path, or a map with url or path and sha256');
  }
  return typeof sha256 === 'string' ? { place, sha256 } : { place };
}

function digestFor(file: string, sha256: unknown): string | undefined {
  if (typeof sha256 === 'string') {
    return sha256.toLowerCase();
  }
  const digest = (sha256 as Record<string, unknown> | undefined)?.[file];
  return typeof digest === 'string' ? digest.toLowerCase() : undefined;
}

/** A stable digest of anything that JSON can hold with its keys in a fixed order. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
