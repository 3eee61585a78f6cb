import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { redisSource } from './redis-source.ts';

test('the distribution gives a Redis source tarball that is what its digest says', async () => {
  const source = await redisSource();
  const digest = createHash('sha256').update(readFileSync(source.file)).digest('hex');
  expect(digest).toBe(source.sha256);
  const names = execFileSync('tar', ['-tzf', source.file], { encoding: 'utf8', maxBuffer: 1 << 26 });
  expect(names).toMatch(/^redis-[^/]*\/src\/server\.c$/m);
  expect(await redisSource()).toEqual(source);
});
