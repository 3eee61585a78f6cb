import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { stanzasOf, stanzasOfList } from '../../../src/modules/redis-build/apt-source.ts';
import { readBuild, writeBuild } from '../../../src/modules/redis-build/build-cache.ts';
import {
  type BuildInfo,
  buildKey,
  directoryName,
  parseBuildInfo,
  satisfies,
} from '../../../src/modules/redis-build/build-info.ts';
import { parseAnswers } from '../../../src/modules/redis-build/directives-json.ts';
import { parseHostState } from '../../../src/modules/redis-build/install-scripts.ts';
import { buildSpec } from '../../../src/modules/redis-build/spec.ts';

const platform = { os: 'debian-12', arch: 'x86_64', libc: 'glibc-2.36' };
const spec = buildSpec({ flavor: 'redis', version: '7.0.15' }, () => false);
const digest = spec.sources[0]?.sha256 ?? '';
const info: BuildInfo = {
  key: buildKey(spec, [digest], platform),
  flavor: 'redis',
  version: '7.0.15',
  origin: 'pinned',
  sources: [digest],
  makeArgs: spec.makeArgs,
  platform,
  notify: false,
  tls: false,
};

test('a build is the wanted one only with the same source, flags and platform', () => {
  expect(satisfies(info, spec, platform)).toBe(true);
  expect(satisfies({ ...info, sources: ['b'.repeat(64)] }, spec, platform)).toBe(false);
  expect(satisfies({ ...info, makeArgs: [...info.makeArgs, 'MALLOC=libc'] }, spec, platform)).toBe(false);
  expect(satisfies(info, spec, { ...platform, libc: 'musl' })).toBe(false);
});

test('the key tells platforms, flags and sources apart', () => {
  const keys = [
    buildKey(spec, [digest], platform),
    buildKey(spec, [digest], { ...platform, os: 'debian-13' }),
    buildKey({ ...spec, makeArgs: [] }, [digest], platform),
    buildKey(spec, ['b'.repeat(64)], platform),
  ];
  expect(new Set(keys).size).toBe(4);
});

test('Redis and Valkey of one version do not share a directory', () => {
  expect(directoryName({ flavor: 'redis', version: '7.2.5' })).toBe('7.2.5');
  expect(directoryName({ flavor: 'valkey', version: '7.2.5' })).toBe('valkey-7.2.5');
});

test('a build comes back from the cache whole, or not at all', async () => {
  const cacheDir = mkdtempSync(`${tmpdir()}/rcdeploy-cache-`);
  const kept = await writeBuild(cacheDir, info, Buffer.from('archive'));
  expect((await readBuild(cacheDir, info.key))?.archive.toString()).toBe('archive');
  expect(readdirSync(`${cacheDir}/builds`).sort()).toEqual([`${info.key}.json`, `${kept.sha256}.tar.gz`].sort());
  writeFileSync(`${cacheDir}/builds/${kept.sha256}.tar.gz`, 'archivX');
  expect(await readBuild(cacheDir, info.key)).toBeUndefined();
  expect(await readBuild(cacheDir, 'unknown')).toBeUndefined();
  rmSync(cacheDir, { recursive: true });
});

test.each(['', 'null', '{', '{"key": 1}', '[]'])('a broken build.json is none: %s', (text) => {
  expect(parseBuildInfo(text)).toBeUndefined();
});

test('the state of a host: platform, versions, and what runs', () => {
  const stdout = `os debian-12\narch x86_64\nlibc glibc-2.36\nuser root\ncurrent 7.0.15\ndir 7.0.15\nruns Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\ninfo ${JSON.stringify(info)}\ndir 7.4.1\nruns \ninfo {"key": \n`;
  expect(parseHostState(stdout)).toEqual({
    platform,
    current: '7.0.15',
    installed: [
      { dir: '7.0.15', runs: '7.0.15', info },
      { dir: '7.4.1', runs: undefined, info: undefined },
    ],
  });
});

test('a server tells its names, its defaults and what cannot change while it runs', () => {
  const answers = `maxmemory\n0\ndatabases\n16\nrequirepass\n\nport\n0\n--\nrcdeploy:maxmemory\nOK\nrcdeploy:databases\nERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config\n\n`;
  expect(parseAnswers(answers)).toEqual({
    names: ['maxmemory', 'databases', 'requirepass', 'port'],
    fixed: ['databases'],
    defaults: { maxmemory: '0', databases: '16', requirepass: '' },
  });
});

test("the machine's package sources become source-package sources", () => {
  const deb822 =
    'Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb\nURIs: http://x\nEnabled: no\n';
  expect(stanzasOf(deb822)).toEqual([
    'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main',
  ]);
  const list =
    '# x\ndeb-src http://a b c\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # y\n';
  expect(stanzasOfList(list)).toEqual([
    'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg',
  ]);
});
