import { expect, test } from 'vitest';
import { officialTarball, officialVersions, parseHashes } from '../../../src/modules/redis-build/official-digests.ts';
import { buildSpec, quirksOf } from '../../../src/modules/redis-build/spec.ts';

const noDirectory = () => false;
const digest = 'a'.repeat(64);
const redis = (more: object) => buildSpec({ flavor: 'redis', ...more }, noDirectory);

test('an official version needs neither source nor digest', () => {
  expect(redis({ version: '4.0.7' }).sources).toEqual([
    {
      url: 'https://download.redis.io/releases/redis-4.0.7.tar.gz',
      sha256: '1bba546d44fb40e1fd8be1a15e1a9cc6484bceeea0bbd52919eebc656661ecd1',
    },
  ]);
});

test('what is not pinned is refused, with what to do', () => {
  expect(() => redis({ version: '99.0.0' })).toThrow('No digest is known for redis-99.0.0.tar.gz');
  expect(() => redis({ version: '99.0.0', source: 'https://example.org/x.tar.gz' })).toThrow('is not pinned');
  expect(() => redis({ version: '99.0.0', source: '/tmp/x.tar.gz', sha256: 'abc' })).toThrow(
    'not 64 lower-case hex digits',
  );
  expect(() => redis({})).toThrow('needs a version');
});

test('each entry of a list has its own digest, or that of its file name', () => {
  const source = [{ url: 'https://mirror.example/redis-9.tgz', sha256: digest }, '/srv/redis-9.tar.gz'];
  expect(redis({ version: '9.0.0', source, sha256: { 'redis-9.tar.gz': digest } }).sources).toEqual([
    { url: 'https://mirror.example/redis-9.tgz', sha256: digest },
    { path: '/srv/redis-9.tar.gz', sha256: digest },
  ]);
});

test('a directory of tarballs stands for the one of the version', () => {
  const spec = buildSpec({ flavor: 'redis', version: '7.0.15', source: '/srv/tarballs/' }, () => true);
  expect(spec.sources[0]).toEqual({
    path: '/srv/tarballs/redis-7.0.15.tar.gz',
    sha256: '98066f5363504b26c34dd20fbcc3c957990d764cdf42576c836fc021073f4341',
  });
});

test('make variables are words of their own, in one order, and only names are names', () => {
  expect(redis({ version: '7.0.15', make_args: { MALLOC: 'libc', BUILD_TLS: true } }).makeArgs).toEqual([
    'BUILD_TLS=yes',
    'MALLOC=libc',
    'USE_SYSTEMD=no',
  ]);
  expect(() => redis({ version: '7.0.15', make_args: { 'A; rm': 1 } })).toThrow('not the name of a make variable');
});

test.each([
  ['5.0.0', { CFLAGS: '-fcommon' }],
  ['5.0.7', { CFLAGS: '-fcommon' }],
  ['5.0.8', {}],
  ['5.0.14', {}],
  ['4.0.14', {}],
])('Redis %s is built with %j', (version, args) => {
  expect(quirksOf('redis', version)).toEqual(args);
});

test('digests that only have a sha1 pin nothing', () => {
  expect(parseHashes('hash redis-2.8.0.tar.gz sha1 41fd http://x/y\n').size).toBe(0);
  expect(officialTarball('redis-2.8.0.tar.gz')).toBeUndefined();
  expect(officialVersions()[0]).toMatch(/^\d+\.\d+\.\d+$/);
});
