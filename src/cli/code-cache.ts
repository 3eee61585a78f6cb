import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from './cache-dir.ts';

/**
 * What V8 compiled of a program's file, kept in the user's cache. V8 itself refuses code of another version, of other flags or
 * of a source of another length; the name holds what else makes a file another one.
 */
export class CodeCache {
  readonly source: string;
  readonly code: Buffer | undefined;
  readonly #place: string;

  constructor(file: string) {
    // All of it is ASCII (the build sees to that), which spares decoding.
    this.source = readFileSync(file, 'latin1');
    const { size, mtimeMs } = statSync(file);
    const name = createHash('sha256').update(`${file} ${size} ${mtimeMs} ${process.version} ${process.arch}`);
    this.#place = join(cacheDirectory(false), 'code', name.digest('hex').slice(0, 32));
    this.code = readOwn(this.#place);
  }

  /** A check writes nothing anywhere, and other commands are not worth it. */
  static isWanted(argv: readonly string[]): boolean {
    return argv[0] === 'run' && !argv.some((word) => word === '--check' || /^-[A-Za-z]*C/.test(word));
  }

  /** Whole or not at all. A full disk or a home that cannot be written is no error: the next start takes its time again. */
  keep(code: Buffer): void {
    const temporary = `${this.#place}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#place), { recursive: true, mode: 0o700 });
      const file = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(file, code);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.#place);
      removeOld(dirname(this.#place));
    } catch {
      // See above.
    }
  }
}

/** Of every version and build there would be one, of 2 MB. */
function removeOld(directory: string): void {
  const places = readdirSync(directory).map((name) => join(directory, name));
  const byAge = places.map((place) => ({ place, at: statSync(place).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { place } of byAge.slice(4)) rmSync(place, { force: true });
}

/** Only the user's own file is run: another's home may stand in HOME after sudo. */
function readOwn(place: string): Buffer | undefined {
  try {
    const file = openSync(place, 'r');
    try {
      const { uid, mode } = fstatSync(file);
      return uid === process.getuid?.() && (mode & 0o022) === 0 ? readFileSync(file) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
