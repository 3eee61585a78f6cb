import { homedir } from 'node:os';
import { redisBuild } from '../../../src/modules/redis_build.ts';
import type { ServerSource } from '../../redis-source.ts';
import { LocalHost } from './local-host.ts';

/** Builds a server on this machine, or takes what any test built of it before; gives the directory of its programs. */
export async function buildHere(
  { flavor, version, file, sha256 }: ServerSource,
  prefix: string,
  makeArgs: Readonly<Record<string, string>> = {},
): Promise<string> {
  await new LocalHost(`${homedir()}/.cache/rcdeploy`).run(redisBuild, {
    flavor,
    version,
    method: 'source',
    source: file,
    sha256,
    prefix,
    bin_dir: '/usr/bin',
    make_args: makeArgs,
    build_deps: 'present',
    jobs: 0,
    refresh: false,
  });
  return `${prefix}/current/bin`;
}
