import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BuildInfo } from '../../src/modules/redis-build/build-info.ts';
import { directivesScript } from '../../src/modules/redis-build/build-scripts.ts';
import { directivesJson } from '../../src/modules/redis-build/directives-json.ts';

const run = promisify(execFile);

/** The distribution's server, which speaks TLS, as an archive such as a build leaves: variables that install it without a compiler. */
export async function distributionServer(): Promise<Record<string, unknown>> {
  const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-server-'));
  mkdirSync(join(dir, 'bin'));
  for (const name of ['redis-server', 'redis-cli']) copyFileSync(`/usr/bin/${name}`, join(dir, 'bin', name));
  const version = / v=(\S+)/.exec((await run(join(dir, 'bin/redis-server'), ['--version'])).stdout)?.[1] ?? '';
  const { stdout: answers } = await run('/bin/sh', ['-c', directivesScript(dir, join(dir, 'bin'))], { cwd: dir });
  const info: BuildInfo = {
    ...{ key: '', flavor: 'redis', version, origin: 'archive', sources: [], makeArgs: [], notify: false, tls: true },
    platform: { os: '', arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64', libc: '' },
  };
  writeFileSync(join(dir, 'directives.json'), directivesJson(answers));
  writeFileSync(join(dir, 'build.json'), JSON.stringify(info));
  const file = join(dir, 'server.tar.gz');
  await run('tar', ['-czf', file, 'bin', 'build.json', 'directives.json'], { cwd: dir });
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  return { redis_install: 'archive', redis_version: version, redis_source: file, redis_sha256: sha256 };
}
