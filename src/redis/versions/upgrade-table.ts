import { readFileSync } from 'node:fs';
import { packageFile } from '../../package/root.ts';
import { compareVersions, lineOf, type ServerVersion } from './server-version.ts';

/** Versions of a flavor (any, when none is named) from one on, below another. */
interface VersionRange {
  readonly flavor?: ServerVersion['flavor'];
  readonly from?: string;
  readonly below?: string;
}

/** A way from one version to another that must not be gone node by node. */
export interface UnsafeEdge {
  readonly from: VersionRange;
  readonly to: VersionRange;
  readonly why: string;
  /** The line to go by first. */
  readonly via?: string;
  /** What to take in its place. */
  readonly instead?: string;
}

interface UpgradeTable {
  readonly date: string;
  /** Version of the data files by release line. */
  readonly rdb: Readonly<Record<ServerVersion['flavor'], Readonly<Record<string, number>>>>;
  readonly unsafe: readonly UnsafeEdge[];
}

let table: UpgradeTable | undefined;

/** data/redis-upgrades.json */
export function upgradeTable(): UpgradeTable {
  table ??= JSON.parse(readFileSync(packageFile('data/redis-upgrades.json'), 'utf8')) as UpgradeTable;
  return table;
}

export function unsafeEdge(from: ServerVersion, to: ServerVersion): UnsafeEdge | undefined {
  return upgradeTable().unsafe.find((edge) => contains(edge.from, from) && contains(edge.to, to));
}

function contains({ flavor, from, below }: VersionRange, one: ServerVersion): boolean {
  if (flavor !== undefined && flavor !== one.flavor) return false;
  if (from !== undefined && compareVersions(one.version, from) < 0) return false;
  return below === undefined || compareVersions(one.version, below) < 0;
}

/** Newest version of the data files that a server loads, which it also writes: of its line, else of the nearest older line that is known. */
export function dataFormat({ flavor, version }: ServerVersion): number | undefined {
  const lines = Object.entries(upgradeTable().rdb[flavor]);
  const older = lines.filter(([line]) => compareVersions(line, lineOf(version)) <= 0);
  return older.length === 0 ? undefined : Math.max(...older.map(([, format]) => format));
}
