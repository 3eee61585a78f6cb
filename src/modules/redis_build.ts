import { statSync } from 'node:fs';
import { TaskError } from '../errors/errors.ts';
import { flawText } from '../redis/versions/known-flaws.ts';
import { Unknown } from '../template/values.ts';
import type { Args, HostModule, Plan, PrepareEnv, Result } from './contract.ts';
import { satisfies } from './redis-build/build-info.ts';
import { type HostState, type Installed, parseHostState, readScript } from './redis-build/install-scripts.ts';
import { provide } from './redis-build/provide.ts';
import { type BuildSpec, buildSpec, type SourceArgs } from './redis-build/spec.ts';

/** The module's arguments after `prepare`: what the schema gives, and the spec made of them. */
export interface BuildArgs extends Args, SourceArgs {
  readonly method: 'source' | 'archive' | 'package' | 'existing';
  readonly prefix: string;
  readonly bin_dir: string;
  readonly build_on?: string;
  readonly build_dir?: string;
  readonly build_deps: 'present' | 'check';
  readonly jobs: number;
  readonly refresh: boolean;
  readonly spec: BuildSpec;
}

/** Installs Redis or Valkey below a prefix; `current` links to the version in use. */
export const redisBuild: HostModule<BuildArgs, HostState> = {
  kind: 'host',
  name: 'redis_build',
  fusable: true,

  prepare(args, env) {
    const prefix = args.prefix.replace(/(.)\/+$/, '$1');
    if (args.method === 'package' || args.method === 'existing') {
      const spec: BuildSpec = {
        flavor: args.flavor,
        version: args.version,
        origin: 'pinned',
        sources: [],
        makeArgs: [],
      };
      return { ...args, prefix, spec };
    }
    if (args.method === 'archive' && (args.source === undefined || args.source === 'apt-source')) {
      throw new TaskError('method: archive needs source, a ready archive, and its sha256');
    }
    return { ...args, prefix, spec: buildSpec({ ...args, source: localPaths(args.source, env) }, isDirectory) };
  },

  read: (args) => ({ script: readScript(args.prefix) }),
  parse: ({ reply }) => parseHostState(reply.stdout),

  plan(state, args): Plan {
    const found = wanted(state, args);
    const version = found?.info?.version ?? args.spec.version;
    const label = `${args.flavor} ${version ?? `of ${args.spec.origin}`}`;
    const changes = [];
    if (!found || args.refresh) {
      const before = state.installed.map((one) => one.dir).join(', ') || 'none';
      changes.push({ what: `${args.prefix}: ${label}`, before, after: `${label}, ${how(args)}` });
    }
    if (state.current !== found?.dir || !found) {
      changes.push({
        what: `${args.prefix}/current`,
        before: state.current ?? null,
        after: found?.dir ?? version ?? 'the new version',
      });
    }
    const result = resultOf(args.prefix, version, found?.info?.notify);
    return { changes, result, unsafe: flawsIn(args, version) };
  },

  async apply(_plan, args, context, state): Promise<Result> {
    const info = await provide(args, context, wanted(state, args));
    return resultOf(args.prefix, info.version, info.notify);
  },
};

/** Flaws of what the project or somebody else built. A distribution mends its own without another version number: for that, ask it. */
function flawsIn({ flavor, method, spec }: BuildArgs, version: string | undefined): string[] {
  if (version === undefined || method === 'package' || spec.origin === 'apt-source') return [];
  const flaws = flawText({ flavor, version }, method !== 'source');
  return flaws === undefined ? [] : [flaws];
}

function how(args: BuildArgs): string {
  return args.method === 'source' ? 'built from source' : `from ${args.method}`;
}

/** The installed build that satisfies the arguments and runs. */
function wanted(state: HostState, args: BuildArgs): Installed | undefined {
  const byMethod = (one: Installed) =>
    one.info !== undefined &&
    (args.method === 'source'
      ? satisfies(one.info, args.spec, state.platform)
      : one.info.origin === args.method &&
        (args.spec.version === undefined || one.info.version === args.spec.version) &&
        (args.method !== 'archive' || args.spec.sources.some((source) => source.sha256 === one.info?.sources[0])));
  const all = state.installed.filter((one) => byMethod(one) && one.runs === one.info?.version);
  return all.find((one) => one.dir === state.current) ?? all.at(-1);
}

function resultOf(prefix: string, version: string | undefined, notify: boolean | undefined): Result {
  const bin = `${prefix}/current/bin`;
  return {
    version: version ?? new Unknown('the version that redis_build installs'),
    notify: notify ?? new Unknown('what redis_build builds'),
    bin_dir: bin,
    server: `${bin}/redis-server`,
    cli: `${bin}/redis-cli`,
  };
}

/** Relative local paths are looked up where Ansible looks for `files/`. */
function localPaths(source: unknown, env: PrepareEnv): unknown {
  const find = (place: string) =>
    place === 'apt-source' || place.includes('://') || place.startsWith('/') ? place : env.findFile(place, 'files');
  if (typeof source === 'string') {
    return find(source);
  }
  if (Array.isArray(source)) {
    return source.map((entry) => localPaths(entry, env));
  }
  const path = (source as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? { ...(source as object), path: find(path) } : source;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
