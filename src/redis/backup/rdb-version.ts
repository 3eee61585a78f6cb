/** The first nine bytes of an RDB file: `REDIS0010`, and from Valkey 9 on `VALKEY080`. */
export function rdbVersionOf(head: string): number | undefined {
  const version = /^(?:REDIS(\d{4})|VALKEY(\d{3}))/.exec(head);
  return version ? Number(version[1] ?? version[2]) : undefined;
}

/** The newest RDB version that servers from this version on load (rdb.h of the release tags). */
const LOADED_FROM: Readonly<Record<'redis' | 'valkey', readonly (readonly [from: string, rdb: number])[]>> = {
  redis: [
    ['7.4', 12],
    ['7.2', 11],
    ['7.0', 10],
    ['5.0', 9],
    ['4.0', 8],
  ],
  valkey: [
    ['9.0', 80],
    ['7.2', 11],
  ],
};
/** Numbers between Valkey's last common version and its own are Redis's alone. */
const REDIS_ONLY = { first: 12, last: 79 };

export interface ServerKind {
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
}

/** Why a server cannot load a file that `maker` wrote; undefined when it can, or nothing is known against it. */
export function cannotLoad(rdb: number, maker: ServerKind, server: ServerKind): string | undefined {
  if (server.flavor === 'valkey' && rdb >= REDIS_ONLY.first && rdb <= REDIS_ONLY.last) {
    return `RDB version ${rdb} is of Redis 7.4 or later, which no Valkey loads`;
  }
  if (server.flavor === maker.flavor && compareVersions(server.version, maker.version) >= 0) return undefined;
  const known = LOADED_FROM[server.flavor].find(([from]) => compareVersions(server.version, from) >= 0);
  if (known === undefined || rdb <= known[1]) return undefined;
  return `RDB version ${rdb}, written by ${maker.flavor} ${maker.version}, is newer than what ${server.flavor} ${server.version} loads (${known[1]})`;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/\D+/).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
