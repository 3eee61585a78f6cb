import { compareVersions, nameVersion, type ServerVersion } from './server-version.ts';
import { dataFormat } from './upgrade-table.ts';

/** The first nine bytes of an RDB file: `REDIS0010`, and from Valkey 9 on `VALKEY080`. */
export function rdbVersionOf(head: string): number | undefined {
  const version = /^(?:REDIS(\d{4})|VALKEY(\d{3}))/.exec(head);
  return version ? Number(version[1] ?? version[2]) : undefined;
}

/** Numbers between Valkey's last common version and its own are Redis's alone. */
const REDIS_ONLY = { first: 12, last: 79 };

/** Why a server cannot load a file that `maker` wrote; undefined when it can, or nothing is known against it. */
export function cannotLoad(rdb: number, maker: ServerVersion, server: ServerVersion): string | undefined {
  if (server.flavor === 'valkey' && rdb >= REDIS_ONLY.first && rdb <= REDIS_ONLY.last) {
    return `RDB version ${rdb} is of Redis 7.4 or later, which no Valkey loads`;
  }
  if (server.flavor === maker.flavor && compareVersions(server.version, maker.version) >= 0) return undefined;
  const loads = dataFormat(server);
  if (loads === undefined || rdb <= loads) return undefined;
  return `RDB version ${rdb}, written by ${nameVersion(maker)}, is newer than what ${nameVersion(server)} loads (${loads})`;
}
