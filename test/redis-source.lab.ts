import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { newerRedisSource, redisSource, valkeySource } from './redis-source.ts';

it.each([
  ['redis', /^7\.0\./, redisSource],
  ['redis', /^8\.0\./, newerRedisSource],
  ['valkey', /^8\.1\./, valkeySource],
])('Debian gives a tarball of %s %s that is what its digest says', async (flavor, version, obtain) => {
  const source = await obtain();
  expect(source).toMatchObject({ flavor, version: expect.stringMatching(version) });
  const digest = createHash('sha256').update(readFileSync(source.file)).digest('hex');
  expect(digest).toBe(source.sha256);
  const names = execFileSync('tar', ['-tf', source.file], { encoding: 'utf8', maxBuffer: 1 << 26 });
  expect(names).toMatch(/^[^/]+\/src\/server\.c$/m);
  expect(await obtain()).toEqual(source);
});
