import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileToWrite, writeFileScript } from '../../src/sh/write-file.ts';

/** BusyBox's own tools come first in this directory's PATH. */
const busyboxBin = mkdtempSync(join(tmpdir(), 'busybox-'));
const hasBusybox = spawnSync('busybox', ['--install', '-s', busyboxBin]).status === 0;
const userlands = [
  ['coreutils', ['sh'], process.env.PATH ?? ''],
  ...(hasBusybox ? [['busybox', ['busybox', 'sh'], busyboxBin] as const] : []),
] as const;

afterAll(() => rmSync(busyboxBin, { recursive: true, force: true }));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'write file '));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe.each(userlands)('write-file with %s', (_name, shell, path) => {
  const write = (content: string | Buffer, file: Partial<FileToWrite> & { path: string }, before = '') => {
    const [command, ...args] = shell;
    const script = `${before}${writeFileScript({ bytes: Buffer.byteLength(content), ...file })}`;
    return spawnSync(command, [...args, '-c', script], {
      input: content,
      env: { PATH: `${path}:/usr/bin:/bin`, LC_ALL: 'C' },
      encoding: 'utf8',
    });
  };
  const mode = (file: string) => (statSync(file).mode & 0o7777).toString(8);

  test('makes a new file, whole, 0644, and nothing else', () => {
    const file = join(dir, "it's");
    const bytes = Buffer.from([0, 1, 255, 10, 0]);
    expect(write(bytes, { path: file })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file)).toEqual(bytes);
    expect(mode(file)).toBe('644');
    expect(readdirSync(dir)).toEqual(["it's"]);
  });

  test('keeps the old mode, or sets the one asked for', () => {
    const file = join(dir, 'f');
    writeFileSync(file, 'old', { mode: 0o640 });
    expect(write('new', { path: file }).status).toBe(0);
    expect(mode(file)).toBe('640');
    expect(write('new', { path: file, mode: '0400' }).status).toBe(0);
    expect(mode(file)).toBe('400');
  });

  test('replaces a link, or follows it when told to', () => {
    const target = join(dir, 'target');
    const link = join(dir, 'link');
    writeFileSync(target, 'old');
    symlinkSync('target', link);
    expect(write('through', { path: link, follow: true })).toMatchObject({ status: 0 });
    expect([readlinkSync(link), readFileSync(target, 'utf8')]).toEqual(['target', 'through']);
    expect(write('own', { path: link })).toMatchObject({ status: 0 });
    expect([statSync(link).ino === statSync(target).ino, readFileSync(target, 'utf8')]).toEqual([false, 'through']);
  });

  test('a short stdin, a refused validation or a wrong owner keeps the old file and leaves nothing', () => {
    const file = join(dir, 'f');
    writeFileSync(file, 'old');
    expect(write('half', { path: file, bytes: 8 }).stderr).toContain('did not arrive whole');
    expect(write('bad', { path: file, validate: 'grep -q good "$T"' }).stderr).toContain('validation refused');
    expect(write('bad', { path: file, owner: 'no-such-user' }).stderr).toContain('no-such-user');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['f']);
    expect(write('good', { path: file, validate: 'grep -q good "$T"' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('says what stands in the way', () => {
    mkdirSync(join(dir, 'd'));
    expect(write('x', { path: join(dir, 'd') }).stderr).toContain('it is a directory');
    expect(write('x', { path: join(dir, 'none', 'f') }).stderr).toContain('there is no directory');
  });

  test('a file size limit, as a full disk, keeps the old file and leaves nothing', () => {
    const file = join(dir, 'f');
    writeFileSync(file, 'old');
    const result = write(Buffer.alloc(100_000), { path: file }, 'trap "" XFSZ; ulimit -f 8\n');
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('could not be stored');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['f']);
  });

  test('what a killed write left is gone after the next', () => {
    const file = join(dir, 'f');
    const kill = write('x', { path: file, validate: 'kill -9 $$; sleep 1' });
    expect(kill.signal).toBe('SIGKILL');
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(dir)).toHaveLength(1);
    expect(write('x', { path: file }).status).toBe(0);
    expect(readdirSync(dir)).toEqual(['f']);
  });
});
