import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fetchSource } from '../../../src/modules/redis-build/fetch-source.ts';

const content = 'a tarball, as it were';
const sha256 = createHash('sha256').update(content).digest('hex');
let server: Server;
let base: string;
let cacheDir: string;
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    response.statusCode = request.url === '/missing' ? 404 : 200;
    response.end(request.url === '/bad' ? 'something else' : content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  cacheDir = mkdtempSync(`${tmpdir()}/rcdeploy-fetch-`);
});
afterEach(() => rmSync(cacheDir, { recursive: true }));

const context = () => ({ cacheDir, signal: new AbortController().signal, progress: () => undefined });
const kept = () => readdirSync(`${cacheDir}/sources`);

test('the first source that can be had is kept under its digest', async () => {
  const source = await fetchSource(
    [
      { url: `${base}/missing`, sha256 },
      { url: `${base}/good`, sha256 },
    ],
    context(),
  );
  expect(readFileSync(source.file, 'utf8')).toBe(content);
  expect(kept()).toEqual([sha256]);
});

test('what is in the cache is not fetched again, unless it is damaged', async () => {
  await fetchSource([{ url: `${base}/good`, sha256 }], context());
  const before = requests;
  const { file } = await fetchSource([{ url: `${base}/good`, sha256 }], context());
  expect(requests).toBe(before);
  writeFileSync(file, 'damaged');
  await fetchSource([{ url: `${base}/good`, sha256 }], context());
  expect(requests).toBe(before + 1);
  expect(readFileSync(file, 'utf8')).toBe(content);
});

test('other bytes than pinned leave nothing behind, and no other source is tried', async () => {
  const sources = [
    { url: `${base}/bad`, sha256 },
    { url: `${base}/good`, sha256 },
  ];
  await expect(fetchSource(sources, context())).rejects.toThrow(`not ${sha256} as pinned`);
  expect(kept()).toEqual([]);
});

test('when nothing can be had, every place is named with its reason', async () => {
  const sources = [
    { url: `${base}/missing`, sha256 },
    { path: '/nowhere/redis.tar.gz', sha256 },
  ];
  const failure = fetchSource(sources, context());
  await expect(failure).rejects.toThrow(/missing: HTTP status 404; \/nowhere\/redis\.tar\.gz: ENOENT/);
  expect(existsSync(`${cacheDir}/sources`) ? kept() : []).toEqual([]);
});
