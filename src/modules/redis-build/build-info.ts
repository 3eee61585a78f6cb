import { type BuildSpec, digestOf } from './spec.ts';

/** Binaries built on one platform run on the hosts with the same one. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  readonly libc: string;
}

/** `build.json` in every installed version: what it was made from, so that a later run knows whether it is the one wanted. */
export interface BuildInfo {
  readonly key: string;
  readonly flavor: string;
  readonly version: string;
  readonly origin: string;
  /** Digests of the source files, in order. */
  readonly sources: readonly string[];
  readonly makeArgs: readonly string[];
  readonly platform: Platform;
  /** The server can tell systemd that it is ready (Type=notify). */
  readonly notify: boolean;
  readonly tls: boolean;
}

/** Name of the directory below the prefix. Redis and Valkey share some version numbers, and one may follow the other. */
export function directoryName({ flavor, version }: Pick<BuildInfo, 'flavor' | 'version'>): string {
  return flavor === 'redis' ? version : `${flavor}-${version}`;
}

export function buildKey(spec: BuildSpec, sources: readonly string[], platform: Platform): string {
  return digestOf([spec.flavor, sources, spec.makeArgs, platform.os, platform.arch, platform.libc]);
}

/** Is the installed build what the arguments ask for? An apt-source build stays until `refresh` or another version is asked for. */
export function satisfies(info: BuildInfo, spec: BuildSpec, platform: Platform): boolean {
  return (
    info.flavor === spec.flavor &&
    (spec.version === undefined || info.version === spec.version) &&
    info.origin === spec.origin &&
    (spec.origin === 'apt-source' || spec.sources.some((source) => source.sha256 === info.sources[0])) &&
    digestOf(info.makeArgs) === digestOf(spec.makeArgs) &&
    digestOf([info.platform.os, info.platform.arch, info.platform.libc]) ===
      digestOf([platform.os, platform.arch, platform.libc])
  );
}

/** A build.json as it came from a host: data of unknown shape, checked before it is believed. */
export function parseBuildInfo(text: string): BuildInfo | undefined {
  try {
    const info = JSON.parse(text) as Partial<BuildInfo> | null;
    const isWhole =
      typeof info?.key === 'string' &&
      typeof info.version === 'string' &&
      typeof info.flavor === 'string' &&
      Array.isArray(info.sources) &&
      Array.isArray(info.makeArgs) &&
      typeof info.platform === 'object';
    return isWhole ? (info as BuildInfo) : undefined;
  } catch {
    return undefined;
  }
}
