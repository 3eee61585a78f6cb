import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TaskError } from '../../errors/errors.ts';
import type { ApplyContext } from '../contract.ts';
import type { BuildArgs } from '../redis_build.ts';
import type { CachedBuild } from './build-cache.ts';
import { parseBuildInfo } from './build-info.ts';
import { fetchSource } from './fetch-source.ts';
import { digestOf } from './spec.ts';

const run = promisify(execFile);

/** A ready archive (what a build leaves in the cache), verified against its pin. */
export function readArchive(args: BuildArgs, context: ApplyContext): Promise<CachedBuild> {
  return context.once(`redis_archive ${digestOf(args.spec.sources)}`, async () => {
    const source = await fetchSource(args.spec.sources, context);
    const text = await run('tar', ['-xzOf', source.file, 'build.json']).catch(() => ({ stdout: '' }));
    const info = parseBuildInfo(text.stdout);
    if (!info) {
      throw new TaskError(`${source.path ?? source.url} is not an archive of redis_build: it holds no build.json`, {
        hint: 'method: archive takes what redis_build made; for a source tarball use method: source',
      });
    }
    if (args.spec.version !== undefined && info.version !== args.spec.version) {
      throw new TaskError(`${source.path ?? source.url} holds ${info.version}, not ${args.spec.version}`);
    }
    const archive = await readFile(source.file);
    return {
      info: { ...info, key: source.sha256, origin: 'archive', sources: [source.sha256] },
      sha256: source.sha256,
      archive,
    };
  });
}
