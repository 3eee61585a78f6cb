import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisBuild } from '../../../src/modules/redis_build.ts';
import { LocalHost, sh } from './local-host.ts';

const cacheDir = `${homedir()}/.cache/rcdeploy`;
const base = mkdtempSync('/tmp/rcdeploy-build-test.');
const prefix = `${base}/redis`;
const host = new LocalHost(cacheDir);
const args = {
  flavor: 'redis',
  method: 'source',
  source: 'apt-source',
  prefix,
  bin_dir: '/usr/bin',
  make_args: {},
  build_deps: 'present',
  jobs: 0,
  refresh: false,
};

beforeAll(async () => {
  const result = await host.run(redisBuild, args);
  expect(result).toMatchObject({ changed: true, server: `${prefix}/current/bin/redis-server` });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

test('the distribution source is built, runs, and a second run changes nothing', async () => {
  const { stdout } = await sh(`${prefix}/current/bin/redis-server --version`);
  const again = await host.run(redisBuild, args);
  expect(again.changed).toBe(false);
  expect(stdout).toContain(`v=${String(again.version)} `);
});

test('the security patches of the distribution are in the build', async () => {
  const info = JSON.parse(readFileSync(`${prefix}/current/build.json`, 'utf8'));
  expect(info.sources).toHaveLength(2);
  expect(info.origin).toBe('apt-source');
  // USE_SYSTEMD=no is the default: a unit of Type=notify would wait for ever.
  expect(info).toMatchObject({ notify: false, tls: false });
});

test('the binary was asked for its directives and for what cannot change at run time', () => {
  const directives = JSON.parse(readFileSync(`${prefix}/current/directives.json`, 'utf8'));
  expect(directives.names).toContain('maxmemory');
  expect(directives.fixed).toEqual(
    expect.arrayContaining(['cluster-enabled', 'databases', 'pidfile', 'appendfilename']),
  );
  expect(directives.fixed).not.toEqual(expect.arrayContaining(['maxmemory']));
  expect(directives.fixed).not.toContain('appendonly');
});

test('nothing of the build is left behind', () => {
  expect(readdirSync('/var/tmp').filter((name) => name.startsWith('rcdeploy-build.'))).toEqual([]);
  expect(readdirSync(prefix).sort()).toEqual(['7.0.15', 'current'].sort());
});

test('a second host gets the archive from the cache, without a compiler', async () => {
  const other = new LocalHost(cacheDir, 'other');
  const result = await other.run(redisBuild, { ...args, prefix: `${base}/other` });
  expect(result.changed).toBe(true);
  expect(other.messages.join('\n')).not.toContain('compiling');
});

test('what a killed build left is removed by the next run', async () => {
  await sh('mkdir -p /var/tmp/rcdeploy-build.killed; echo 999999 1 >/var/tmp/rcdeploy-build.killed/pid');
  await new LocalHost(cacheDir, 'other').run(redisBuild, { ...args, prefix: `${base}/swept` });
  expect((await sh('ls -d /var/tmp/rcdeploy-build.killed')).rc).not.toBe(0);
});

test('a half-installed version is replaced as a whole', async () => {
  writeFileSync(`${prefix}/7.0.15/build.json`, '{"key": "cut o');
  await sh(`mkdir ${prefix}/.new.7.0.15.abc ; rm ${prefix}/7.0.15/bin/redis-cli`);
  expect((await new LocalHost(cacheDir).run(redisBuild, args)).changed).toBe(true);
  expect((await host.run(redisBuild, args)).changed).toBe(false);
  expect((await sh(`ls -A ${prefix}; ${prefix}/current/bin/redis-cli --version`)).stdout).not.toContain('.new');
});

test('binaries that are there already are taken as they are, with their own version', async () => {
  const existing = {
    ...args,
    method: 'existing',
    source: undefined,
    prefix: `${base}/existing`,
    bin_dir: `${prefix}/7.0.15/bin`,
  };
  expect(await host.run(redisBuild, existing)).toMatchObject({ changed: true, version: '7.0.15', notify: false });
  expect(await host.run(redisBuild, existing)).toMatchObject({ changed: false, version: '7.0.15' });
  await expect(host.run(redisBuild, { ...existing, version: '7.2.0' })).rejects.toThrow(
    'holds redis 7.0.15, not 7.2.0',
  );
  expect(JSON.parse(readFileSync(`${base}/existing/current/directives.json`, 'utf8')).names).toContain('maxmemory');
});

test('a ready archive is installed only with its digest', async () => {
  // The cache may hold archives of other builds too.
  const { key } = JSON.parse(readFileSync(`${prefix}/current/build.json`, 'utf8')) as { key: string };
  const { sha256 } = JSON.parse(readFileSync(`${cacheDir}/builds/${key}.json`, 'utf8')) as { sha256: string };
  const source = `${cacheDir}/builds/${sha256}.tar.gz`;
  const ready = { ...args, method: 'archive', version: '7.0.15', source, prefix: `${base}/ready` };
  await expect(host.run(redisBuild, ready)).rejects.toThrow('is not pinned');
  await expect(host.run(redisBuild, { ...ready, sha256: 'a'.repeat(64) })).rejects.toThrow('as pinned');
  const pinned = { ...ready, sha256 };
  expect(await host.run(redisBuild, pinned)).toMatchObject({ changed: true, version: '7.0.15' });
  expect(await host.run(redisBuild, pinned)).toMatchObject({ changed: false });
});

test('a place without room, and one where nothing may run, are named', async () => {
  const mount = mkdtempSync('/tmp/rcdeploy-noexec-test.');
  await sh(`mount -t tmpfs -o noexec,size=500m tmpfs ${mount} && mkdir ${mount}/a`);
  const other = new LocalHost(`${base}/empty-cache`, 'other');
  const noexec = other.run(redisBuild, { ...args, prefix: `${base}/noexec`, build_dir: mount });
  await expect(noexec).rejects.toThrow(`${mount}: programs may not run there (noexec)`);
  await sh(`umount ${mount}; mount -t tmpfs -o size=1m tmpfs ${mount}`);
  const full = new LocalHost(`${base}/empty-cache`, 'other').run(redisBuild, {
    ...args,
    prefix: `${base}/full`,
    build_dir: mount,
  });
  await expect(full).rejects.toThrow(/1024 kB free, 400000 needed/);
  await sh(`umount ${mount}; rmdir ${mount}`);
});

test('a damaged archive in the cache is not used', async () => {
  const own = mkdtempSync('/tmp/rcdeploy-cache-test.');
  await sh(`cp -r ${cacheDir}/. ${own}; for f in ${own}/builds/*.tar.gz; do printf x >>$f; done`);
  const other = new LocalHost(own, 'other');
  await expect(
    other.run(redisBuild, { ...args, prefix: `${base}/damaged`, build_dir: '/proc/nowhere' }),
  ).rejects.toThrow('no place to build');
  rmSync(own, { recursive: true });
});
