import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converges, type Host, localHost, userlands } from './local-host.ts';

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

  test('unarchive unpacks once, sees drift, and refuses names that escape', async () => {
    const [src, dest] = [join(root, 'src'), join(root, 'dest')];
    mkdirSync(join(src, 'top/sub'), { recursive: true });
    mkdirSync(dest);
    writeFileSync(join(src, 'top/sub/file'), 'content');
    writeFileSync(join(src, 'top/.hidden'), '');
    symlinkSync('sub/file', join(src, 'top/link'));
    for (const [name, flag] of [
      ['a.tar', ''],
      ['a.tar.gz', 'z'],
      ['a.tar.xz', 'J'],
      ['a.tar.bz2', 'j'],
    ] as const) {
      const archive = join(root, name);
      execFileSync('tar', [`-c${flag}f`, archive, '-C', src, 'top']);
      await converges(host, 'unarchive', { src: archive, dest });
      expect(readFileSync(join(dest, 'top/link'), 'utf8')).toBe('content');
    }
    rmSync(join(dest, 'top/sub/file'));
    await converges(host, 'unarchive', { src: join(root, 'a.tar.gz'), dest, owner: 'daemon', mode: 'u=rwX,go=rX' });
    await converges(host, 'unarchive', { src: join(root, 'a.tar'), dest, remote_src: true, exclude: ['top/.hidden'] });
    expect(readdirSync(dest).filter((name) => !/^(top|\.rcdeploy-unarchive-\w+)$/.test(name))).toEqual([]);
    expect(
      (await host.plan('unarchive', { src: join(root, 'a.tar'), dest, creates: join(dest, 'top') })).skipped,
    ).toBeDefined();
    symlinkSync('/tmp', join(src, 'out'));
    execFileSync('tar', [
      '-cPf',
      join(root, 'evil1.tar'),
      '-C',
      src,
      '--transform=s,^top/sub/file,../evil,',
      'top/sub/file',
    ]);
    execFileSync('tar', [
      '-cPf',
      join(root, 'evil2.tar'),
      '-C',
      src,
      '--transform=s,^top/sub/file,/tmp/evil,',
      'top/sub/file',
    ]);
    execFileSync('tar', [
      '-cPf',
      join(root, 'evil3.tar'),
      '-C',
      src,
      '--transform=s,^top/sub/file,out/evil,',
      'out',
      'top/sub/file',
    ]);
    for (const name of ['evil1', 'evil2', 'evil3']) {
      await expect(host.task('unarchive', { src: join(root, `${name}.tar`), dest })).rejects.toThrow('is not unpacked');
    }
    symlinkSync('/tmp', join(dest, 'out'));
    execFileSync('tar', [
      '-cf',
      join(root, 'evil4.tar'),
      '-C',
      src,
      '--transform=s,^top/sub/file,out/evil,',
      'top/sub/file',
    ]);
    await expect(host.task('unarchive', { src: join(root, 'evil4.tar'), dest })).rejects.toThrow('leads out of');
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  test('get_url fetches on the control machine and checks first', async () => {
    let hits = 0;
    const server = createHttpServer((request, response) => {
      hits += 1;
      if (request.url === '/SUMS') response.end(`${sha256('body')}  file.bin\n`);
      else if (request.url === '/dir/file.bin') response.end('body');
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const url = `${base}/dir/file.bin`;
    try {
      const dest = join(root, 'fetched');
      await expect(host.task('get_url', { url, dest, checksum: `sha256:${sha256('other')}` })).rejects.toThrow(
        'it was thrown away',
      );
      expect([existsSync(dest), readdirSync(join(root, 'cache/get_url'))]).toEqual([false, []]);
      await converges(host, 'get_url', { url, dest, checksum: `sha256:${sha256('body')}`, mode: '0600' });
      const before = hits;
      expect(await host.task('get_url', { url, dest, checksum: `sha256:${sha256('body')}` })).toMatchObject({
        changed: false,
      });
      expect(hits).toBe(before);
      expect(await host.task('get_url', { url, dest, checksum: `sha256:${base}/SUMS` })).toMatchObject({
        changed: false,
      });
      writeFileSync(dest, 'drift');
      expect(await host.task('get_url', { url, dest })).toMatchObject({ changed: false });
      expect(await host.task('get_url', { url, dest, force: true })).toMatchObject({ changed: true });
      mkdirSync(join(root, 'into'));
      await converges(host, 'get_url', { url, dest: join(root, 'into') });
      writeFileSync(join(root, 'local'), 'local');
      await converges(host, 'get_url', {
        url: new URL(`file://${encodeURI(join(root, 'local'))}`).href,
        dest: join(root, 'copied'),
      });
      await expect(host.task('get_url', { url: `${base}/none`, dest: join(root, 'none') })).rejects.toThrow(
        'answered 404',
      );
    } finally {
      server.close();
    }
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
