import { describe, expect, it } from 'vitest';
import { type Manifest, manifestOf, manifestText, parseManifest } from '../../../src/redis/backup/manifest.ts';
import { cannotLoad, rdbVersionOf } from '../../../src/redis/versions/rdb-version.ts';

const node = { id: 'a'.repeat(40), host: 'h1', port: 7000, flavor: 'redis', version: '7.0.15' } as const;
const shard = (slots: string, file = `${slots}.rdb`) => ({
  file,
  sha256: 'b'.repeat(64),
  bytes: 10,
  rdb_version: 10,
  slots,
  keys: 1,
  used_memory: 100,
  master: node,
  source: node,
});
const whole = manifestOf('main', new Date(0), new Date(1), [shard('0-8191'), shard('8192-16383')]);

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(parseManifest(manifestText(whole))).toEqual(whole);
  });

  it.each<[string, (manifest: Manifest) => unknown, RegExp]>([
    ['no JSON', () => '{', /no JSON/],
    ['another format', (all) => ({ ...all, format: 2 }), /format is 2/],
    ['no shards', (all) => ({ ...all, shards: [] }), /no shards/],
    ['a missing slot', (all) => ({ ...all, shards: [shard('0-16382')] }), /16383 of 16384 slots/],
    ['a slot twice', (all) => ({ ...all, shards: [...all.shards, shard('5')] }), /several/],
    ['a file elsewhere', (all) => ({ ...all, shards: [shard('0-16383', '../x.rdb')] }), /no name of an RDB file/],
    ['no digest', (all) => ({ ...all, shards: [{ ...shard('0-16383'), sha256: '' }] }), /no digest/],
    ['no count', (all) => ({ ...all, shards: [{ ...shard('0-16383'), keys: '5' }] }), /no number keys/],
  ])('with %s is refused', (_, spoil, why) => {
    const spoilt = spoil(whole);
    const text = typeof spoilt === 'string' ? spoilt : JSON.stringify(spoilt);
    expect(() => parseManifest(text)).toThrow(why);
  });
});

describe('the RDB version', () => {
  it('is in the first nine bytes', () => {
    expect([rdbVersionOf('REDIS0010'), rdbVersionOf('VALKEY080'), rdbVersionOf('GARBAGE00')]).toEqual([
      10,
      80,
      undefined,
    ]);
  });

  const redis = (version: string) => ({ flavor: 'redis', version }) as const;
  const valkey = (version: string) => ({ flavor: 'valkey', version }) as const;
  it.each([
    [10, redis('7.0.15'), redis('7.0.15'), true],
    [10, redis('7.0.15'), redis('8.0.2'), true],
    [10, redis('7.0.15'), valkey('8.0.1'), true],
    [11, redis('7.2.4'), redis('7.0.15'), false],
    [12, redis('7.4.1'), valkey('9.0.0'), false],
    [11, valkey('8.1.1'), redis('7.2.5'), true],
    [80, valkey('9.1.2'), valkey('8.1.1'), false],
    [13, redis('8.4.0'), redis('8.4.1'), true],
    [9, redis('6.2.1'), redis('4.0.7'), false],
  ])('%i of %o is loaded by %o: %s', (rdb, maker, server, loads) => {
    expect(cannotLoad(rdb, maker, server) === undefined).toBe(loads);
  });
});
