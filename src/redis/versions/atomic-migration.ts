import { compareVersions, type ServerVersion } from './server-version.ts';

/** How slots get from one master to another: key by key, or all of them at one moment by the servers themselves. */
export type MigrationWay = 'MIGRATE' | 'MIGRATESLOTS';

/** CLUSTER MIGRATESLOTS and GETSLOTMIGRATIONS are there from Valkey 9.0 on (valkey.io/commands). */
const SINCE = '9.0';

export function knowsMigrateSlots({ flavor, version }: ServerVersion): boolean {
  return flavor === 'valkey' && compareVersions(version, SINCE) >= 0;
}

/** Both sides take part in it: while a cluster is being upgraded, keys move one by one. */
export function migrationWay(giver: ServerVersion, taker: ServerVersion): MigrationWay {
  return knowsMigrateSlots(giver) && knowsMigrateSlots(taker) ? 'MIGRATESLOTS' : 'MIGRATE';
}
