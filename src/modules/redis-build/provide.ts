import { TaskError, UnreachableError } from '../../errors/errors.ts';
import type { ApplyContext } from '../contract.ts';
import type { BuildArgs } from '../redis_build.ts';
import { type AptSource, aptSource } from './apt-source.ts';
import { type CachedBuild, readBuild, writeBuild } from './build-cache.ts';
import { type BuildInfo, buildKey, directoryName, type Platform } from './build-info.ts';
import { buildOnHost, must } from './build-on-host.ts';
import { sweepScript } from './build-scripts.ts';
import { cachedSource, fetchSource } from './fetch-source.ts';
import {
  type Installed,
  installScript,
  linkScript,
  parseHostState,
  readScript,
  writableScript,
} from './install-scripts.ts';
import { readArchive } from './ready-archive.ts';
import { digestOf } from './spec.ts';
import { installSystem } from './system-binaries.ts';

/** Make the wanted version current on the host: installed already, from the cache, or built now. */
export async function provide(
  args: BuildArgs,
  context: ApplyContext,
  found: Installed | undefined,
): Promise<BuildInfo> {
  if (found?.info && !args.refresh) {
    await must(context, linkScript(args.prefix, found.dir), `${args.prefix}/current could not be set`);
    return found.info;
  }
  if (args.method === 'package' || args.method === 'existing') {
    return installSystem(args, context, await platformOf(args.prefix, context, context.host));
  }
  await must(context, writableScript(args.prefix), `${args.prefix} cannot be used`);
  const platform = await platformOf(args.prefix, context, context.host);
  const build =
    args.method === 'archive' ? await readArchive(args, context) : await sharedBuild(args, context, platform);
  checkPlatform(build.info, platform, context.host);
  const installed = found?.info?.key === build.info.key ? found : undefined;
  if (!installed) {
    await push(args.prefix, build, context);
  }
  if (args.build_on === undefined) {
    await must(context, sweepScript(buildPlaces(args)), 'what an earlier build left could not be removed');
  }
  await must(
    context,
    linkScript(args.prefix, installed?.dir ?? directoryName(build.info)),
    `${args.prefix}/current could not be set`,
  );
  return build.info;
}

async function push(prefix: string, build: CachedBuild, context: ApplyContext): Promise<void> {
  const megabytes = (build.archive.length / 1e6).toFixed(1);
  context.progress(`sending ${build.info.flavor} ${build.info.version} (${megabytes} MB)`);
  const script = installScript(prefix, build.info, build.sha256);
  const what = `${build.info.flavor} ${build.info.version} could not be installed in ${prefix}`;
  await must(context, script, what, { stdin: build.archive });
}

/** As the host says it, not as an earlier build's record does: what is made now is recorded and kept under this name. */
async function platformOf(prefix: string, shell: Pick<ApplyContext, 'sh'>, host: string): Promise<Platform> {
  const reply = await must(shell, readScript(prefix, 'asked'), `the platform of ${host} could not be read`);
  return parseHostState(reply.stdout).platform;
}

function checkPlatform(info: BuildInfo, platform: Platform, host: string): void {
  if (info.platform.arch !== platform.arch) {
    throw new TaskError(`The archive is for ${info.platform.arch}, ${host} is ${platform.arch}`);
  }
}

/** One build for all hosts of a platform. When the host that builds it is lost, the next one takes over. */
async function sharedBuild(args: BuildArgs, context: ApplyContext, platform: Platform): Promise<CachedBuild> {
  const wanted = digestOf([args.spec, platform, args.refresh]);
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.once(`redis_build ${wanted} ${attempt}`, () => buildOrReuse(args, context, platform));
    } catch (error) {
      if (!(error instanceof UnreachableError) || error.host === context.host || attempt === 5) {
        throw error;
      }
    }
  }
}

async function buildOrReuse(args: BuildArgs, context: ApplyContext, platform: Platform): Promise<CachedBuild> {
  const { spec } = args;
  for (const source of spec.sources) {
    const cached = await readBuild(context.cacheDir, buildKey(spec, [source.sha256], platform));
    if (cached) {
      return cached;
    }
  }
  const source = await context.once(`redis_source ${digestOf([spec, args.refresh])}`, () =>
    obtainSource(args, context),
  );
  const key = buildKey(spec, source.digests, platform);
  const cached = await readBuild(context.cacheDir, key);
  if (cached) {
    return cached;
  }
  const host = args.build_on ?? context.host;
  const shell = args.build_on ? context.on(args.build_on) : context;
  if (args.build_on) {
    await checkBuilder(args, host, shell, platform);
  }
  const { info, archive } = await buildOnHost(
    {
      key,
      flavor: spec.flavor,
      version: source.version,
      origin: spec.origin,
      files: source.digests.map((digest) => cachedSource(context.cacheDir, digest)),
      sources: source.digests,
      makeArgs: spec.makeArgs,
      platform,
      jobs: args.jobs,
      installTools: args.build_deps === 'present',
      places: buildPlaces(args),
      host,
    },
    shell,
    context,
  );
  return writeBuild(context.cacheDir, info, archive);
}

function buildPlaces(args: BuildArgs): string[] {
  return args.build_dir ? [args.build_dir] : ['/var/tmp', '/tmp', args.prefix];
}

interface Obtained {
  readonly version: string;
  readonly digests: readonly string[];
}

async function obtainSource(args: BuildArgs, context: ApplyContext): Promise<Obtained> {
  const { spec } = args;
  if (spec.origin === 'pinned') {
    const source = await fetchSource(spec.sources, context);
    return { version: spec.version ?? '', digests: [source.sha256] };
  }
  const source = await aptSource(spec.flavor, args.refresh, context);
  if (spec.version !== undefined && spec.version !== source.version) {
    throw new TaskError(`The distribution's ${spec.flavor} is ${source.packageVersion}, not ${spec.version}`, {
      hint: 'leave the version out with apt-source, or give a source for the version that you want',
    });
  }
  return { version: source.version, digests: inBuildOrder(source) };
}

/** The upstream tarball, then the distribution's directory with its patches. */
function inBuildOrder(source: AptSource): string[] {
  const upstream = source.files.find((file) => /\.orig\.tar\.\w+$/.test(file.name));
  const patches = source.files.find((file) => /\.debian\.tar\.\w+$/.test(file.name));
  if (!upstream || !patches) {
    throw new TaskError(
      `The source package has no upstream tarball with patches: ${source.files.map((file) => file.name).join(', ')}`,
    );
  }
  return [upstream.sha256, patches.sha256];
}

async function checkBuilder(
  args: BuildArgs,
  host: string,
  shell: Pick<ApplyContext, 'sh'>,
  platform: Platform,
): Promise<void> {
  const builder = await platformOf(args.prefix, shell, host);
  if (digestOf([builder.os, builder.arch, builder.libc]) !== digestOf([platform.os, platform.arch, platform.libc])) {
    const said = (one: Platform) => `${one.os} ${one.arch} ${one.libc}`;
    throw new TaskError(`build_on: ${host} is ${said(builder)}, but this host is ${said(platform)}`, {
      hint: 'leave build_on out, or set it for each group of hosts that share a platform',
    });
  }
}
