import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runAnsibleModules } from './ansible-modules.ts';
import { converges, type Host, localHost, userlands } from './local-host.ts';

type Args = Record<string, unknown>;

// bash starts slowly where many files have to be read first; it reads the same scripts as dash.
describe.each(userlands().filter(({ name }) => !name.startsWith('bash')))('on $name', (userland) => {
  let root: string;
  let host: Host;
  beforeEach(() => {
    root = join(mkdtempSync(join(tmpdir(), 'rcdeploy-edits-')), `ro ot'"$(x)\n*é`);
    mkdirSync(root);
    host = localHost(userland, join(root, '../cache'));
  });
  afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  const mode = (path: string) => (lstatSync(path).mode & 0o7777).toString(8);

  test('an edit keeps owner and mode, writes through links, makes backups and obeys validate', async () => {
    const [path, link] = [join(root, 'conf'), join(root, 'link')];
    writeFileSync(path, 'port 1\n');
    chmodSync(path, 0o640);
    symlinkSync('conf', link);
    const kept = await converges(host, 'lineinfile', { path: link, regexp: '^port', line: 'port 2', backup: true });
    expect(readFileSync(String(kept.backup), 'utf8')).toBe('port 1\n');
    expect([lstatSync(link).isSymbolicLink(), mode(path), readFileSync(path, 'utf8')]).toEqual([
      true,
      '640',
      'port 2\n',
    ]);
    await expect(host.task('replace', { path, regexp: '2', replace: 'x', validate: 'grep -q 3 %s' })).rejects.toThrow(
      'failed to validate',
    );
    expect(readFileSync(path, 'utf8')).toBe('port 2\n');
    const result = await converges(host, 'blockinfile', { path, block: 'a 1', owner: 'daemon', mode: '0600' });
    expect([result.msg, mode(path), statSync(path).uid]).toEqual([
      'Block inserted and ownership, perms or SE linux context changed',
      '600',
      1,
    ]);
    await converges(host, 'ini_file', {
      path: join(root, 'a/b/new.ini'),
      section: 's',
      option: 'o',
      value: "it's $HOME",
    });
    expect(readFileSync(join(root, 'a/b/new.ini'), 'utf8')).toBe("\n[s]\no = it's $HOME\n");
    expect(readdirSync(root).filter((name) => name.startsWith('.rcdeploy'))).toEqual([]);
  });

  test('an edit leaves bytes that are no UTF-8 as they are', async () => {
    const path = join(root, 'latin1');
    writeFileSync(path, Buffer.from([0x61, 0xe9, 0x00, 0x0a, 0x62, 0x0a]));
    await converges(host, 'lineinfile', { path, regexp: '^b', line: 'é' });
    expect(readFileSync(path)).toEqual(Buffer.from([0x61, 0xe9, 0x00, 0x0a, 0xc3, 0xa9, 0x0a]));
  });

  test('an edit refuses directories, files that are missing, and patterns that run away', async () => {
    await expect(host.task('lineinfile', { path: root, line: 'x' })).rejects.toThrow('is a directory');
    await expect(host.task('replace', { path: join(root, 'no'), regexp: 'x' })).rejects.toThrow('does not exist');
    const lenient = await host.plan(
      'lineinfile',
      { path: join(root, 'no'), line: 'x' },
      { check: true, changesPredicted: true },
    );
    expect([lenient.failed, lenient.changes.length]).toEqual([undefined, 1]);
    const path = join(root, 'long');
    writeFileSync(path, `${'a'.repeat(60)}!\n`);
    await expect(host.task('lineinfile', { path, regexp: '^(a+)+$', line: 'x' })).rejects.toThrow('took more than');
    await expect(host.task('lineinfile', { path, regexp: '(', line: 'x' })).rejects.toThrow('cannot be used');
  });

  test('slurp and fetch bring every byte', async () => {
    const src = join(root, 'bytes');
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    writeFileSync(src, bytes);
    const slurped = await host.task('slurp', { src });
    expect([slurped.encoding, slurped.source]).toEqual(['base64', src]);
    expect(Buffer.from(String(slurped.content), 'base64').equals(bytes)).toBe(true);
    await expect(host.task('slurp', { src: join(root, 'no') })).rejects.toThrow('file not found');
    await expect(host.task('slurp', { src: root })).rejects.toThrow('is a directory');

    const dest = join(root, 'fetched');
    const result = await converges(host, 'fetch', { src, dest });
    const file = join(dest, 'h1', src);
    expect(result).toMatchObject({ dest: file, checksum: createHash('sha1').update(bytes).digest('hex') });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    await converges(host, 'fetch', { src, dest: `${dest}/flat/`, flat: true });
    expect(readFileSync(join(dest, 'flat/bytes')).equals(bytes)).toBe(true);
    expect(await host.task('fetch', { src: join(root, 'no'), dest, fail_on_missing: false })).toMatchObject({
      changed: false,
      msg: expect.stringContaining('not transferring, ignored'),
    });
    await expect(host.task('fetch', { src: join(root, 'no'), dest })).rejects.toThrow('the remote file does not exist');
    await expect(host.task('fetch', { src: '/../../../etc/passwd', dest })).rejects.toThrow('directory traversal');
  });

  test('tempfile makes files of its own for nobody else', async () => {
    const one = await host.task('tempfile', { path: root, prefix: "it's.", suffix: '.x y' });
    const two = await host.task('tempfile', { path: root, state: 'directory' });
    expect([mode(String(one.path)), mode(String(two.path))]).toEqual(['600', '700']);
    expect(String(one.path)).toMatch(/\/it's\.[0-9a-f]{12}\.x y$/);
    expect(two).toMatchObject({ state: 'directory', mode: '0700', changed: true });
    await expect(host.task('tempfile', { path: join(root, 'no') })).rejects.toThrow('there is no directory');
  });

  test('assemble joins the files of a directory as Ansible does', async () => {
    const src = join(root, 'parts');
    mkdirSync(src);
    for (const [name, text] of Object.entries({ b: 'bee', a: 'ay\n', '.h': 'hidden', 'c.no': 'no\n' }))
      writeFileSync(join(src, name), text);
    const variants: Args[] = [
      {},
      { delimiter: '### \\n' },
      { delimiter: '--', ignore_hidden: true },
      { regexp: '^.$', ignore_hidden: true },
    ];
    const theirs = join(root, 'theirs');
    runAnsibleModules(variants.map((args, index) => ['assemble', { src, dest: `${theirs}${index}`, ...args }]));
    for (const [index, args] of variants.entries()) {
      const dest = join(root, `ours${index}`);
      await converges(host, 'assemble', { src, dest, ...args });
      expect(readFileSync(dest, 'utf8'), JSON.stringify(args)).toBe(readFileSync(`${theirs}${index}`, 'utf8'));
    }
    await converges(host, 'assemble', { src, dest: join(root, 'local'), remote_src: false });
    expect(readFileSync(join(root, 'local'))).toEqual(readFileSync(`${theirs}0`));
    await expect(host.task('assemble', { src: join(root, 'none'), dest: join(root, 'x') })).rejects.toThrow(
      'does not exist',
    );
  });

  test('find finds what Ansible finds', async () => {
    mkdirSync(join(root, 'd/.hidden/sub'), { recursive: true });
    for (const [name, text] of Object.entries({
      'a.log': 'one\nERROR x\n',
      'b [x].log': 'two',
      'new\nline.log': '',
      '.dot': 'x'.repeat(2000),
      'd/c.log': 'ERROR',
      'd/.hidden/sub/deep.txt': 'y'.repeat(5000),
    }))
      writeFileSync(join(root, name), text);
    symlinkSync('a.log', join(root, 'link'));
    utimesSync(join(root, 'd/c.log'), 1_600_000_000, 1_600_000_000);
    const variants: Args[] = [
      {},
      { recurse: true },
      { recurse: true, hidden: true, file_type: 'any' },
      { recurse: true, depth: 2 },
      { patterns: ['*.log', '[!a]*x*'] },
      { patterns: ['.*\\.log$'], use_regex: true, excludes: ['^a'] },
      { recurse: true, age: '1w' },
      { recurse: true, age: '-1w' },
      { recurse: true, hidden: true, size: '1k' },
      { recurse: true, hidden: true, size: '-2000' },
      { recurse: true, contains: 'ER+OR' },
      { file_type: 'directory', recurse: true, hidden: true },
      { file_type: 'link' },
    ];
    const theirs = runAnsibleModules(variants.map((args) => ['find', { paths: [root], get_checksum: true, ...args }]));
    for (const [index, args] of variants.entries()) {
      const ours = await host.task('find', { paths: [root], get_checksum: true, ...args });
      const expected = theirs[index] ?? {};
      const keys = ['path', 'mode', 'size', 'uid', 'gr_name', 'isreg', 'isdir', 'islnk', 'checksum', 'inode', 'nlink'];
      const plain = (files: unknown) =>
        (files as Args[])
          .map((file) => Object.fromEntries(keys.map((key) => [key, file[key]])))
          .sort((one, other) => (String(one.path) < String(other.path) ? -1 : 1));
      expect(plain(ours.files), JSON.stringify(args)).toEqual(plain(expected.files));
      expect([ours.matched, ours.msg], JSON.stringify(args)).toEqual([expected.matched, expected.msg]);
    }
    const missing = await host.task('find', { paths: [join(root, 'none'), root] });
    expect(missing.skipped_paths).toEqual({ [join(root, 'none')]: `'${join(root, 'none')}' is not a directory` });
    await expect(host.task('find', { paths: [root], size: '3 cows' })).rejects.toThrow('failed to process size');
  });

  test('script runs a local script with its arguments, and leaves nothing', async () => {
    const file = join(root, 'a script');
    writeFileSync(file, '#!/bin/sh -e\nprintf "%s|" "$@"; pwd; cat; echo oops >&2\n');
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('.rcdeploy-script'));
    const quoted = `'${file.replaceAll("'", "'\\''")}'`;
    const result = await host.task('script', { _raw: `${quoted} one "t w o" 'x;y'`, chdir: '/tmp' });
    expect(result).toMatchObject({ changed: true, rc: 0, stdout: 'one|t w o|x;y|/tmp\n', stderr: 'oops\n' });
    writeFileSync(file, 'exit 3\n');
    await expect(host.task('script', { cmd: quoted })).rejects.toThrow('non-zero return code');
    const other = await host.task('script', {
      cmd: quoted,
      executable: `${userland.path.includes('busybox') ? 'cat' : '/bin/cat'}`,
    });
    expect(other.stdout).toBe('exit 3\n');
    expect((await host.plan('script', { cmd: quoted, creates: '/etc' })).skipped).toBe(
      '/etc exists, matching creates option',
    );
    expect((await host.plan('script', { cmd: quoted }, { check: true })).skipped).toContain('not supported');
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('.rcdeploy-script'));
    expect(after).toEqual(before);
  });

  test('getent reads what Ansible reads', async () => {
    const variants: Args[] = [
      { database: 'passwd', key: 'daemon' },
      { database: 'group' },
      { database: 'services', key: 'ssh' },
      { database: 'passwd', key: 'nobody-knows', fail_key: false },
    ];
    const theirs = runAnsibleModules(variants.map((args) => ['getent', args]));
    for (const [index, args] of variants.entries()) {
      const ours = await host.task('getent', args);
      expect(ours.ansible_facts, JSON.stringify(args)).toEqual(theirs[index]?.ansible_facts);
    }
    await expect(host.task('getent', { database: 'passwd', key: 'nobody-knows' })).rejects.toThrow(
      'could not be found',
    );
  });

  test('authorized_key makes the directory for its user, known_hosts hides names', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGrYVJCPqp5J9Y3QmXPXp7nq1RsUgzUwmVXO1c1JmQbX';
    const path = join(root, 'ssh/authorized_keys');
    await converges(host, 'authorized_key', { user: 'daemon', key: `${key} me`, path });
    expect([mode(join(root, 'ssh')), mode(path), statSync(path).uid]).toEqual(['700', '600', 1]);
    await converges(host, 'authorized_key', { user: 'daemon', key, path, state: 'absent' });
    expect(readFileSync(path, 'utf8')).toBe('');
    await expect(host.task('authorized_key', { user: 'nobody-knows', key, path })).rejects.toThrow('no such user');
    await expect(host.task('authorized_key', { user: 'daemon', key, path, key_options: 'x\ny' })).rejects.toThrow(
      'newline',
    );
    // A user who makes a link of the directory must not be given what it leads to.
    const homeless = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([, , uid, , , home = '']) => uid !== '0' && home.startsWith('/var/') && !existsSync(home));
    const [user = '', , uid, gid, , home = ''] = homeless ?? [];
    expect(user).not.toBe('');
    mkdirSync(home, { recursive: true });
    try {
      symlinkSync(root, join(home, '.ssh'));
      lchownSync(join(home, '.ssh'), Number(uid), Number(gid));
      await expect(host.task('authorized_key', { user, key })).rejects.toThrow('may lead anywhere');
      expect(statSync(root).uid).toBe(0);
    } finally {
      rmSync(home, { recursive: true });
    }
    const hosts = join(root, 'new/known_hosts');
    await converges(host, 'known_hosts', { path: hosts, name: 'h1', key: `h1 ${key}`, hash_host: true });
    expect(readFileSync(hosts, 'utf8')).toMatch(/^\|1\|\S+ ssh-ed25519 \S+\n$/);
    await converges(host, 'known_hosts', { path: hosts, name: 'h1', state: 'absent' });
    expect(existsSync(hosts)).toBe(true);
  });
});
