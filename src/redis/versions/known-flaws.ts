import { readFileSync } from 'node:fs';
import { packageFile } from '../../package/root.ts';
import { compareVersions, lineOf, nameVersion, type ServerVersion } from './server-version.ts';

/** A published flaw, of those that let others run code, take more than their rights or stop the server. */
export interface KnownFlaw {
  readonly id: string;
  /** What it allows, as a clause. */
  readonly what: string;
  /** The first version that has it, by flavor; where nothing stands, all have. */
  readonly from?: Partial<Record<ServerVersion['flavor'], string>>;
  /** The first version of each release line without it; a flavor that is missing never had it. */
  readonly fixed: Partial<Record<ServerVersion['flavor'], readonly string[]>>;
}

interface FlawTable {
  /** Day up to which the projects' release notes and advisories were read. */
  readonly date: string;
  readonly flaws: readonly KnownFlaw[];
}

let table: FlawTable | undefined;

/** data/redis-security.json */
export function flawTable(): FlawTable {
  table ??= JSON.parse(readFileSync(packageFile('data/redis-security.json'), 'utf8')) as FlawTable;
  return table;
}

/**
 * The flaws that a version has when it was built from the project's own source. Distributions mend them without another version number,
 * so for their servers this is a question to their security tracker and no verdict.
 */
export function flawsOf(server: ServerVersion): KnownFlaw[] {
  return flawTable().flaws.filter((flaw) => has(server, flaw));
}

/** A line without a fix that is older than the newest fixed one was left as it was; a newer line began with the fix. */
function has({ flavor, version }: ServerVersion, { from, fixed }: KnownFlaw): boolean {
  const fixes = fixed[flavor] ?? [];
  const first = from?.[flavor];
  if (fixes.length === 0 || (first !== undefined && compareVersions(version, first) < 0)) return false;
  const own = fixes.find((fix) => lineOf(fix) === lineOf(version));
  if (own !== undefined) return compareVersions(version, own) < 0;
  return fixes.some((fix) => compareVersions(lineOf(fix), lineOf(version)) > 0);
}

/** The lowest version from the given one on that has none of its flaws, of the same line where there is one; undefined: none is known. */
export function mendedVersion({ flavor, version }: ServerVersion): string | undefined {
  const candidates = flawTable()
    .flaws.flatMap(({ fixed }) => fixed[flavor] ?? [])
    .filter((fix) => compareVersions(fix, version) > 0 && flawsOf({ flavor, version: fix }).length === 0);
  return candidates.toSorted(compareVersions)[0];
}

/**
 * A version's flaws and the way out, with the date of the table; undefined: none is known. `mayBeMended`: somebody else built it, who may
 * have mended some.
 */
export function flawText(server: ServerVersion, mayBeMended: boolean): string | undefined {
  const ids = flawsOf(server).map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const mended = mendedVersion(server);
  const remedy = mended === undefined ? '' : `; ${nameVersion({ ...server, version: mended })} has none of them`;
  const doubt = mayBeMended ? ', unless who built it mended that' : '';
  return `${nameVersion(server)} has ${ids.join(', ')}, as published until ${flawTable().date}${doubt}${remedy}`;
}
