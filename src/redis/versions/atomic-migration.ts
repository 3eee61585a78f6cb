import { compareVersions, type ServerVersion } from './server-version.ts';

/**
 * How the servers themselves hand slots over, all of them at one moment: Valkey when the giver is told (CLUSTER MIGRATESLOTS), Redis when
 * the taker is (CLUSTER MIGRATION IMPORT).
 */
export type AtomicWay = 'MIGRATESLOTS' | 'IMPORT';

/** How slots get from one master to another: key by key, or by the servers themselves. */
export type MigrationWay = 'MIGRATE' | AtomicWay;

/** From valkey.io/commands and redis.io/commands. */
const SINCE = {
  valkey: { way: 'MIGRATESLOTS', version: '9.0' },
  redis: { way: 'IMPORT', version: '8.4' },
} as const;

export function atomicWayOf({ flavor, version }: ServerVersion): AtomicWay | undefined {
  const since = SINCE[flavor];
  return compareVersions(version, since.version) >= 0 ? since.way : undefined;
}

/** Both sides take part in it: while a cluster is being upgraded, keys move one by one. */
export function migrationWay(giver: ServerVersion, taker: ServerVersion): MigrationWay {
  const way = atomicWayOf(giver);
  return way !== undefined && way === atomicWayOf(taker) ? way : 'MIGRATE';
}
