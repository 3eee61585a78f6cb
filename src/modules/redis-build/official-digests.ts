import { compareVersions } from '../../redis/versions/server-version.ts';
import { readDataFile } from './data-files.ts';

export interface OfficialTarball {
  readonly file: string;
  readonly sha256: string;
  readonly url: string;
}

let known: Map<string, OfficialTarball> | undefined;

/** The public redis-hashes list: official tarballs by file name. Entries that only have a sha1 are left out: too weak a pin. */
function officialTarballs(): Map<string, OfficialTarball> {
  known ??= parseHashes(readDataFile('redis-hashes.txt'));
  return known;
}

/** Parse lines of the form `hash <file> sha256 <digest> <url>`; a later line for the same file wins. */
export function parseHashes(text: string): Map<string, OfficialTarball> {
  const tarballs = new Map<string, OfficialTarball>();
  for (const line of text.split('\n')) {
    const [word, file, algorithm, sha256, url] = line.trim().split(/\s+/);
    if (word === 'hash' && file && algorithm === 'sha256' && sha256 && url) {
      tarballs.set(file, { file, sha256, url: url.replace(/^http:/, 'https:') });
    }
  }
  return tarballs;
}

/** The official tarball of that file name (`redis-7.4.1.tar.gz`), when its sha256 is known. */
export function officialTarball(file: string): OfficialTarball | undefined {
  return officialTarballs().get(file);
}

/** Versions of Redis with a known digest, newest first. */
export function officialVersions(): string[] {
  return [...officialTarballs().keys()]
    .flatMap((file) => /^redis-(\d+\.\d+\.\d+)\.tar\.gz$/.exec(file)?.[1] ?? [])
    .sort((a, b) => compareVersions(b, a));
}
