import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converges, type Host, localHost, userlands } from './local-host.ts';

type Args = Record<string, unknown>;

const lands = userlands();

describe.each(lands)('on $name', (userland) => {
  let root: string;
  let host: Host;
  beforeEach(() => {
    // A name that every quoting mistake trips over.
    root = join(mkdtempSync(join(tmpdir(), 'rcdeploy-modules-')), `ro ot'"$(x)\n*é`);
    mkdirSync(root);
    host = localHost(userland, join(root, 'cache'));
  });
  afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  const mode = (path: string) => (lstatSync(path).mode & 0o7777).toString(8);

  test('file makes directories with their parents, and removes them', async () => {
    const path = join(root, 'a/b/c');
    await converges(host, 'file', { path, state: 'directory', mode: '0750', owner: 'daemon', group: 'games' });
    expect([mode(path), mode(join(root, 'a'))]).toEqual(['750', '750']);
    expect(statSync(path).uid).toBe(1);
    await converges(host, 'file', { path, mode: 'u=rwx,g=rX,o=', owner: '0' });
    await converges(host, 'file', { path: join(root, 'a'), state: 'absent' });
    expect(existsSync(join(root, 'a'))).toBe(false);
  });

  test('file links, replaces links, links hard, and refuses to convert', async () => {
    const [one, two, link] = [join(root, 'one'), join(root, 'two'), join(root, 'link')];
    writeFileSync(one, '1');
    mkdirSync(two);
    await converges(host, 'file', { path: link, src: one, state: 'link' });
    await converges(host, 'file', { path: link, src: two, state: 'link' });
    await converges(host, 'file', { path: link, src: 'one', state: 'link' });
    expect(readFileSync(link, 'utf8')).toBe('1');
    await converges(host, 'file', { path: join(root, 'hard'), src: one, state: 'hard' });
    expect(lstatSync(one).nlink).toBe(2);
    await expect(host.task('file', { path: two, src: one, state: 'link' })).rejects.toThrow('not empty or force');
    await expect(host.task('file', { path: join(root, 'no') })).rejects.toThrow('is absent, cannot continue');
    await expect(host.task('file', { path: link, src: 'gone', state: 'link' })).rejects.toThrow(
      'src file does not exist',
    );
    const lenient = await host.plan(
      'file',
      { path: join(root, 'no'), mode: '0600' },
      { check: true, changesPredicted: true },
    );
    expect([lenient.failed, lenient.changes.length]).toEqual([undefined, 2]);
  });

  test('file sets modes and owners of a whole tree once', async () => {
    mkdirSync(join(root, 'tree/sub'), { recursive: true });
    writeFileSync(join(root, 'tree/sub/run.sh'), '');
    writeFileSync(join(root, 'tree/new\nline'), '');
    chmodSync(join(root, 'tree/sub/run.sh'), 0o700);
    symlinkSync('/nowhere', join(root, 'tree/link'));
    await converges(host, 'file', {
      path: join(root, 'tree'),
      state: 'directory',
      recurse: true,
      mode: 'u=rwX,g=rX,o=',
      owner: 'daemon',
      group: 'daemon',
    });
    expect([
      mode(join(root, 'tree/sub/run.sh')),
      mode(join(root, 'tree/new\nline')),
      mode(join(root, 'tree/sub')),
    ]).toEqual(['750', '640', '750']);
    expect(lstatSync(join(root, 'tree/link')).uid).toBe(1);
  });

  test('file touches', async () => {
    const path = join(root, 'touched');
    expect(
      (
        await host.task('file', {
          path,
          state: 'touch',
          modification_time: 'preserve',
          access_time: 'preserve',
          mode: '0600',
        })
      ).changed,
    ).toBe(true);
    const plan = await host.plan('file', {
      path,
      state: 'touch',
      modification_time: 'preserve',
      access_time: 'preserve',
      mode: '0600',
    });
    expect(plan.changes).toEqual([]);
    await host.task('file', { path, state: 'touch', modification_time: '202001020304.05' });
    expect(statSync(path).mtime.getFullYear()).toBe(2020);
  });

  test('copy writes content, keeps attributes, makes backups and obeys validate', async () => {
    const dest = join(root, 'redis.conf');
    const first = await converges(host, 'copy', { dest, content: 'port 6379\n', mode: '0640', owner: 'daemon' });
    expect(first).toMatchObject({ dest, mode: '0640', owner: 'daemon', uid: 1, gid: 0, size: 10, state: 'file' });
    const result = await converges(host, 'copy', { dest, content: 'port 6380\n', backup: true });
    expect([mode(dest), statSync(dest).uid]).toEqual(['640', 1]);
    expect(readFileSync(String(result.backup_file), 'utf8')).toBe('port 6379\n');
    await expect(host.task('copy', { dest, content: 'bad\n', validate: 'grep -q port %s' })).rejects.toThrow(
      'failed to validate',
    );
    expect(readFileSync(dest, 'utf8')).toBe('port 6380\n');
    await converges(host, 'copy', { dest, content: 'port 7000\n', validate: 'grep -q port %s' });
    const plan = await host.plan('copy', { dest, content: 'port 7001\n' });
    expect(plan.changes).toEqual([{ what: dest, before: 'port 7000\n', after: 'port 7001\n', text: true }]);
    expect((await host.plan('copy', { dest, content: 'other', force: false })).changes).toEqual([]);
    await expect(host.task('copy', { dest: join(root, 'no/such'), content: '' })).rejects.toThrow('does not exist');
    await expect(host.task('copy', { dest, content: '', owner: 'nobody-knows' })).rejects.toThrow(
      'failed to look up user nobody-knows',
    );
    await expect(host.task('copy', { dest, content: '', group: 'nobody-knows' })).rejects.toThrow(
      'failed to look up group nobody-knows',
    );
    expect(readdirSync(root).filter((name) => name.startsWith('.rcdeploy'))).toEqual([]);
  });

  test('copy and template through links and into directories', async () => {
    const [src, target, link] = [join(root, 'src.conf'), join(root, 'target'), join(root, 'link')];
    writeFileSync(src, 'a {{ port }}\n');
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    await converges(host, 'copy', { src, dest: link, follow: true });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    await converges(host, 'template', { src, dest: link });
    expect(lstatSync(link).isSymbolicLink()).toBe(false);
    expect(readFileSync(link, 'utf8')).toBe('a 6379\n');
    mkdirSync(join(root, 'dir'));
    await converges(host, 'copy', { src, dest: join(root, 'dir') });
    await converges(host, 'copy', { src, dest: `${join(root, 'made')}/` });
    expect(readFileSync(join(root, 'made/src.conf'), 'utf8')).toBe('a {{ port }}\n');
    await converges(host, 'copy', { src, dest: join(root, 'remote'), remote_src: true, mode: '0600' });
    await expect(host.task('copy', { src: join(root, 'none'), dest: target, remote_src: true })).rejects.toThrow(
      'not found',
    );
  });

  test('copy of a directory, changed and unchanged', async () => {
    const src = join(root, 'src');
    mkdirSync(join(src, 'sub/empty'), { recursive: true });
    writeFileSync(join(src, 'sub/one'), '1');
    writeFileSync(join(src, 'two'), '2');
    symlinkSync('two', join(src, 'link'));
    const args = {
      src: `${src}/`,
      dest: join(root, 'dest'),
      local_follow: false,
      mode: '0640',
      directory_mode: '0750',
    };
    await converges(host, 'copy', args);
    writeFileSync(join(root, 'dest/two'), 'drift');
    expect((await host.plan('copy', args)).changes).toHaveLength(1);
    await converges(host, 'copy', args);
    await converges(host, 'copy', { src, dest: join(root, 'dest') });
    expect(readFileSync(join(root, 'dest/src/sub/one'), 'utf8')).toBe('1');
    expect([mode(join(root, 'dest/two')), mode(join(root, 'dest/sub'))]).toEqual(['640', '750']);
  });

  test('stat tells what is there', async () => {
    const path = join(root, 'file');
    writeFileSync(path, 'x', { mode: 0o640 });
    const { stat } = (await host.task('stat', { path })) as unknown as { stat: Args };
    const checksum = createHash('sha1').update('x').digest('hex');
    expect(stat).toMatchObject({
      exists: true,
      isreg: true,
      mode: '0640',
      size: 1,
      pw_name: 'root',
      checksum,
      rgrp: true,
      roth: false,
    });
    symlinkSync(path, join(root, 'link'));
    expect((await host.task('stat', { path: join(root, 'link') })).stat).toMatchObject({
      islnk: true,
      lnk_target: path,
      lnk_source: path,
    });
    expect((await host.task('stat', { path: join(root, 'link'), follow: true })).stat).toMatchObject({
      isreg: true,
      size: 1,
    });
    expect((await host.task('stat', { path: join(root, 'none') })).stat).toEqual({ exists: false });
  });
});
