import { chmodSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodeCache } from '../../src/cli/code-cache.ts';

describe('the code cache', () => {
  let home = '';
  let file = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'rcdeploy-code-'));
    vi.stubEnv('XDG_CACHE_HOME', home);
    file = join(home, 'program.cjs');
    writeFileSync(file, '(() => 6 * 7)()');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
  const kept = () => readdirSync(join(home, 'rcdeploy', 'code'), { withFileTypes: true }).map(({ name }) => name);

  it('gives back what was kept, which V8 takes', () => {
    const first = new CodeCache(file);
    expect(first.code).toBeUndefined();
    first.keep(new Script(first.source).createCachedData());
    const again = new CodeCache(file);
    const script = new Script(again.source, { cachedData: again.code });
    expect(script.cachedDataRejected).toBe(false);
    expect(script.runInThisContext()).toBe(42);
    expect(kept()).toHaveLength(1);
  });

  it('takes a file that was built anew for another one', () => {
    const cache = new CodeCache(file);
    cache.keep(Buffer.from('code'));
    utimesSync(file, 1, 1);
    expect(new CodeCache(file).code).toBeUndefined();
  });

  it('keeps the newest few', () => {
    for (const second of [1, 2, 3, 4, 5, 6]) {
      utimesSync(file, second, second);
      new CodeCache(file).keep(Buffer.from('code'));
    }
    expect(kept()).toHaveLength(4);
    expect(new CodeCache(file).code).toBeDefined();
  });

  it('does not run what others could have written', () => {
    const cache = new CodeCache(file);
    cache.keep(Buffer.from('code'));
    const [name = ''] = kept();
    for (const mode of [0o620, 0o602]) {
      chmodSync(join(home, 'rcdeploy', 'code', name), mode);
      expect(new CodeCache(file).code).toBeUndefined();
    }
    chmodSync(join(home, 'rcdeploy', 'code', name), 0o600);
    expect(new CodeCache(file).code).toEqual(Buffer.from('code'));
  });

  it('goes without where it cannot write', () => {
    writeFileSync(join(home, 'rcdeploy'), 'in the way');
    const cache = new CodeCache(file);
    cache.keep(Buffer.from('code'));
    expect(new CodeCache(file).code).toBeUndefined();
  });

  it.each([
    [true, ['run', 'a.yml']],
    [true, ['run', 'a.yml', '-i', 'Cluster']],
    [false, ['run', 'a.yml', '--check']],
    [false, ['run', '-vC', 'a.yml']],
    [false, ['plan', 'a.yml']],
    [false, ['--version']],
  ])('is kept (%s) by %j', (expected, argv) => {
    expect(CodeCache.isWanted(argv)).toBe(expected);
  });
});
