import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SynchronizeArgs } from '../../src/modules/generated/synchronize.ts';
import { optionsOf } from '../../src/modules/synchronize/options.ts';
import { converges, type Host, localHost, userlands, withDefaults } from './local-host.ts';

/** Kind, mode, owner, time and content of everything below a directory, and of itself. */
function treeOf(dir: string): Record<string, string> {
  const paths = ['.', ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()];
  return Object.fromEntries(paths.map((path) => [path, about(join(dir, path))]));
}

function about(path: string): string {
  const stat = lstatSync(path);
  const { mode, uid, gid, mtimeMs } = stat;
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  const attributes = `${mode.toString(8)} ${uid}:${gid} ${Math.floor(mtimeMs / 1000)}`;
  return stat.isDirectory() ? attributes : `${attributes} ${readFileSync(path, 'utf8').slice(0, 40)}`;
}

/** Files, links and directories whose names, modes, owners and times are of every kind. */
function makeSource(dir: string): void {
  const names = [
    'plain',
    `quo'te "$(x)" \`y\``,
    'new\nline',
    '-dash',
    'back\\slash',
    'ünï cöde',
    ' lead',
    'a'.repeat(150),
  ];
  for (const [index, name] of names.entries()) {
    mkdirSync(join(dir, name, 'deep', 'er'), { recursive: true });
    for (const [path, bits] of [
      [name, 0o640],
      [`${name}.set`, 0o4755],
      ['empty', 0o600],
    ] as const) {
      const file = join(dir, name, 'deep', path);
      writeFileSync(file, path === 'empty' ? '' : `content of ${index}\n`);
      chownSync(file, index, index + 1);
      chmodSync(file, bits);
      utimesSync(file, 1_600_000_000, 1_500_000_000 + index + 0.75);
    }
    symlinkSync(index % 2 === 0 ? `../${name}\n//x` : '/etc/passwd', join(dir, name, 'link'));
    symlinkSync('deep', join(dir, name, 'to-directory'));
  }
  for (const name of names) {
    for (const path of [join(dir, name, 'deep/er'), join(dir, name, 'deep'), join(dir, name)]) {
      chmodSync(path, 0o2750);
      utimesSync(path, 1_600_000_000, 1_400_000_000);
    }
  }
  utimesSync(dir, 1_600_000_000, 1_300_000_000);
}

const lands = userlands().filter(({ name }) => name !== 'bash --posix');

describe.each(lands)('synchronize on $name', (userland) => {
  let root: string;
  let host: Host;
  let src: string;
  let dest: string;
  beforeEach(() => {
    root = join(mkdtempSync(join(tmpdir(), 'rcdeploy-synchronize-')), `ro ot'"$(x)\n*é`);
    [src, dest] = [join(root, 'src'), join(root, 'dest')];
    mkdirSync(src, { recursive: true });
    host = localHost(userland, join(root, 'cache'));
  });
  afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  const sync = (args: Record<string, unknown> = {}) =>
    converges(host, 'synchronize', { src: `${src}/`, dest, ...args });
  const write = (dir: string, files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(dir, path, '..'), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
  };

  test('makes the directory the same, whatever names, modes, owners and times there are', async () => {
    makeSource(src);
    await sync();
    expect(treeOf(dest)).toEqual(treeOf(src));
  });

  test('sends what differs only, and sets what else differs', async () => {
    write(src, { 'a/same': '1', 'a/longer': '12', 'a/later': '1', 'a/mode': '1', 'a/owner': '1', 'link-was': '1' });
    symlinkSync('a', join(src, 'file-was'));
    symlinkSync('there', join(src, 'link'));
    utimesSync(src, 1, 1);
    await sync();
    writeFileSync(join(dest, 'a/longer'), '1');
    utimesSync(join(dest, 'a/later'), 1, 1);
    chmodSync(join(dest, 'a/mode'), 0o777);
    chownSync(join(dest, 'a/owner'), 7, 7);
    rmSync(join(dest, 'link'));
    symlinkSync('here', join(dest, 'link'));
    rmSync(join(dest, 'link-was'));
    symlinkSync('/etc/passwd', join(dest, 'link-was'));
    rmSync(join(dest, 'file-was'));
    writeFileSync(join(dest, 'file-was'), '');
    const inode = lstatSync(join(dest, 'a/mode')).ino;
    const plan = await host.plan('synchronize', { src: `${src}/`, dest }, { check: true });
    const told = plan.changes.map(({ what }) => what.slice(dest.length + 1)).sort();
    expect(told).toEqual([
      'a/later',
      'a/longer',
      'a/mode mode',
      'a/owner group',
      'a/owner owner',
      'file-was',
      'link',
      'link-was',
      'time',
    ]);
    await sync();
    expect(treeOf(dest)).toEqual(treeOf(src));
    expect(lstatSync(join(dest, 'a/mode')).ino).toBe(inode);
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  });

  test('delete removes what the source does not have, but not what is excluded', async () => {
    write(src, { 'kept/x': '1', 'file-now': '1' });
    write(dest, {
      'kept/x': '1',
      'kept/old\nname': '1',
      'gone/a/b': '1',
      'gone-with/keep.log': '1',
      'gone-with/sub/other': '1',
      'file-now/inside/deep': '1',
      'data/dump.rdb': '1',
    });
    symlinkSync('/etc', join(dest, 'link-gone'));
    await sync({ delete: true, rsync_opts: ['--exclude=*.log', '--exclude', '/data/'] });
    expect(Object.keys(treeOf(dest))).toEqual([
      '.',
      'data',
      'data/dump.rdb',
      'file-now',
      'gone-with',
      'gone-with/keep.log',
      'kept',
      'kept/x',
    ]);
    expect(existsSync('/etc/passwd')).toBe(true);
    rmSync(join(dest, 'file-now'));
    write(dest, { 'file-now/stays.log': '1' });
    const args = { src: `${src}/`, dest, delete: true, rsync_opts: ['--exclude=*.log'] };
    await expect(host.task('synchronize', args)).rejects.toThrow('file-now');
    expect(existsSync(join(dest, 'file-now/stays.log'))).toBe(true);
  });

  test('a link on the host never leads what is sent to somewhere else', async () => {
    write(src, { 'sub/file': 'new' });
    write(root, { 'elsewhere/file': 'old' });
    mkdirSync(dest);
    symlinkSync(join(root, 'elsewhere'), join(dest, 'sub'));
    await sync();
    expect(readFileSync(join(root, 'elsewhere/file'), 'utf8')).toBe('old');
    expect(treeOf(dest)).toEqual(treeOf(src));
  });

  test('a directory without a slash goes into dest, a file to dest or into it', async () => {
    write(src, { 'dir/a': '1', one: 'one' });
    await sync({ src: join(src, 'dir') });
    expect(Object.keys(treeOf(dest))).toEqual(['.', 'dir', 'dir/a']);
    await sync({ src: join(src, 'one') });
    await sync({ src: join(src, 'one'), dest: join(dest, 'other name') });
    await sync({ src: join(src, 'one'), dest: join(root, 'made/') });
    expect(readFileSync(join(dest, 'other name'), 'utf8')).toBe('one');
    expect(Object.keys(treeOf(join(root, 'made')))).toEqual(['.', 'one']);
  });

  test('checksum, times, perms, links and what is only there', async () => {
    write(src, { file: '1', other: '2' });
    symlinkSync('file', join(src, 'link'));
    await sync({ times: false, links: false, perms: false });
    expect(Object.keys(treeOf(dest))).toEqual(['.', 'file', 'other']);
    writeFileSync(join(dest, 'file'), 'X');
    utimesSync(join(dest, 'file'), lstatSync(join(src, 'file')).mtime, lstatSync(join(src, 'file')).mtime);
    utimesSync(dest, lstatSync(src).mtime, lstatSync(src).mtime);
    await host.task('synchronize', { src: `${src}/`, dest, existing_only: true });
    expect(readFileSync(join(dest, 'file'), 'utf8')).toBe('X');
    await sync({ checksum: true, existing_only: true });
    expect([readFileSync(join(dest, 'file'), 'utf8'), existsSync(join(dest, 'link'))]).toEqual(['1', false]);
    await sync({
      copy_links: true,
      rsync_opts: ['--chmod=D750,F600', '--chown=daemon:games', '--include=link', '--exclude=*'],
    });
    expect(about(join(dest, 'link'))).toMatch(/^100600 1:60 /);
  });

  test('says what it cannot do, and changes nothing then', async () => {
    write(src, { 'dir/a': '1' });
    const refuses = (args: Record<string, unknown>, words: string) =>
      expect(host.task('synchronize', { src: `${src}/`, dest, ...args })).rejects.toThrow(words);
    await refuses({ rsync_opts: ['--inplace'] }, '"--inplace" is not supported');
    await refuses({ dest: join(root, 'no/where') }, 'the directory above it does not exist');
    await refuses({ delete: true, dest: '/' }, 'would remove the system');
    await refuses({ delete: true, recursive: false }, 'delete needs recursive');
    await refuses({ rsync_opts: ['--chown=nobodyhere'] }, 'failed to look up user nobodyhere');
    write(src, { '.rsync-filter': '- x' });
    await refuses({}, 'filter files are not read');
    rmSync(join(src, '.rsync-filter'));
    execFileSync('mkfifo', [join(src, 'pipe')]);
    await refuses({}, 'neither file, directory nor link');
    await refuses({ src: join(src, 'dir/a/'), dest: join(src, 'dir/a/x') }, 'is no directory');
    expect(existsSync(dest)).toBe(false);
  });
});

describe('synchronize', () => {
  let root: string;
  let src: string;
  let dest: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rcdeploy-synchronize-'));
    [src, dest] = [join(root, 'src'), join(root, 'dest')];
    mkdirSync(src);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const [dash] = lands;
  const shellOf = (words: readonly string[]) => ({
    name: 'dash',
    path: dash?.path ?? '',
    shell: [...words, '/bin/dash'],
  });

  test('takes two messages for a thousand files, and one more for each 16 MiB', async () => {
    const counter = join(root, 'counter');
    writeFileSync(counter, `#!/bin/sh\necho >>${root}/count\nexec "$@"\n`, { mode: 0o755 });
    const host = localHost(shellOf([counter]), join(root, 'cache'));
    const messages = async () => {
      rmSync(join(root, 'count'), { force: true });
      await host.task('synchronize', { src: `${src}/`, dest, delete: true });
      return readFileSync(join(root, 'count'), 'utf8').length;
    };
    for (let index = 0; index < 1000; index += 1) {
      mkdirSync(join(src, `${index % 50}`), { recursive: true });
      writeFileSync(join(src, `${index % 50}`, `file ${index}`), `${index}`);
    }
    expect([await messages(), await messages()]).toEqual([2, 1]);
    for (const name of ['x', 'y', 'z']) writeFileSync(join(src, name), Buffer.alloc(9 * 1024 * 1024, name));
    expect(await messages()).toBe(4);
    expect(treeOf(dest)).toEqual(treeOf(src));
  });

  test('who is not root keeps modes and times, and owns what comes', async () => {
    makeSource(src);
    chmodSync(root, 0o777);
    const host = localHost(
      shellOf(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']),
      join(root, 'cache'),
    );
    await converges(host, 'synchronize', { src: `${src}/`, dest });
    const withoutOwners = (tree: Record<string, string>) =>
      Object.entries(tree).map(([path, text]) => [path, text.replace(/ \d+:\d+ /, ' ')]);
    expect(withoutOwners(treeOf(dest))).toEqual(withoutOwners(treeOf(src)));
    expect(lstatSync(join(dest, 'plain/deep/empty')).uid).toBe(65534);
  });

  test('excludes and includes what rsync does', () => {
    const files =
      'a b/a b/c/a b/c/d.log x.log x/y/z.log x/y/[z] top/a.b top/data/1 data/1 q*r/s back\\x ba ca da -b'.split(' ');
    for (const path of files) {
      mkdirSync(join(src, path, '..'), { recursive: true });
      if (!existsSync(join(src, path))) writeFileSync(join(src, path), '');
    }
    const cases = [
      ['--exclude=a'],
      ['--exclude=/a'],
      ['--exclude=b/'],
      ['--exclude=b/c'],
      ['--exclude=/c'],
      ['--exclude=*.log'],
      ['--exclude=/*.log'],
      ['--exclude=x/*'],
      ['--exclude=x/**'],
      ['--exclude=x/***'],
      ['--exclude=**/z.log'],
      ['--exclude=/x/**.log'],
      ['--include=*/', '--include=*.log', '--exclude=*'],
      ['--include=/b/***', '--exclude=*'],
      ['--include=d.log', '--exclude=*.log'],
      ['--exclude=data'],
      ['--exclude=/data/*'],
      ['--exclude=?.log'],
      ['--exclude=[a-c]a'],
      ['--exclude=[!b]a'],
      ['--exclude=[[:digit:]]'],
      ['--exclude=\\[z\\]'],
      ['--exclude=q\\*r'],
      ['--exclude=back\\x'],
      ['--exclude=-b'],
      ['--exclude=y/z.log'],
      ['--exclude=top/**'],
      ['--exclude=*a*/1'],
    ];
    for (const rules of cases) {
      const words = ['-rn', '--out-format=%n', ...rules, `${src}/`, `${dest}/`];
      const theirs = execFileSync('rsync', words, { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.replace(/\/$/, ''));
      const { filter } = optionsOf({
        ...withDefaults('synchronize', {}),
        src,
        dest,
        rsync_opts: rules,
      } as SynchronizeArgs);
      const ours = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
        filter(path, lstatSync(join(src, path)).isDirectory()),
      );
      expect([rules, ours.sort()]).toEqual([
        rules,
        theirs
          .filter((path) => path !== '' && path !== '.' && !path.startsWith('created dir'))
          .map((path) => path.replaceAll('\\#134', '\\'))
          .sort(),
      ]);
    }
  });
});
