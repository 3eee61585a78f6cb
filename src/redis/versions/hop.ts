import { cannotLoad } from './rdb-version.ts';
import { compareVersions, lineOf, nameVersion, parseServerVersion, type ServerVersion } from './server-version.ts';
import { dataFormat, unsafeEdge, upgradeTable } from './upgrade-table.ts';

export type Hop =
  | { readonly safe: true }
  /** `path` names the stops of a way that is safe, the last one included; empty: there is none. */
  | { readonly safe: false; readonly why: string; readonly path: readonly string[] };

/** May nodes go from one version to the other one after the other, while their cluster serves? `keys`: they hold data. */
export function judgeHop(from: ServerVersion, to: ServerVersion, keys: boolean): Hop {
  if (from.flavor === to.flavor) {
    const order = compareVersions(to.version, from.version);
    if (order === 0) return { safe: true };
    if (order < 0) return judgeDowngrade(from, to, keys);
  }
  const edge = unsafeEdge(from, to);
  if (!edge) return { safe: true };
  const stop = edge.via === undefined ? undefined : parseServerVersion(edge.via);
  const path = edge.instead !== undefined ? [edge.instead] : stop ? [nameVersion(stop), ...wayFrom(stop, to)] : [];
  return { safe: false, why: edge.why, path };
}

function wayFrom(stop: ServerVersion, to: ServerVersion): readonly string[] {
  const hop = judgeHop(stop, to, true);
  return hop.safe ? [nameVersion(to)] : hop.path;
}

function judgeDowngrade(from: ServerVersion, to: ServerVersion, keys: boolean): Hop {
  const what = `${nameVersion(to)} is older than ${nameVersion(from)}`;
  if (keys)
    return { safe: false, why: `${what}, and nodes with keys are not taken back to an older version`, path: [] };
  if (lineOf(from.version) === lineOf(to.version)) return { safe: true };
  return { safe: false, why: `${what} and may not read what that one wrote about the cluster`, path: [] };
}

/** A refusal in one sentence, with the way by which to go. */
export function describeHop(from: ServerVersion, to: ServerVersion, hop: Exclude<Hop, { safe: true }>): string {
  const way = hop.path.length > 0 ? `go by ${hop.path.join(', then ')}` : wayBeside(from, to);
  const date = `(table of ${upgradeTable().date})`;
  return `${nameVersion(from)} cannot be replaced by ${nameVersion(to)} node by node: ${hop.why}; ${way} ${date}`;
}

/** Where the nodes themselves cannot go, their keys may: into a cluster beside this one. */
function wayBeside(from: ServerVersion, to: ServerVersion): string {
  const beside = `set up another cluster of ${nameVersion(to)}`;
  const format = dataFormat(from);
  return format === undefined || cannotLoad(format, from, to) === undefined
    ? `${beside} and take the keys there with backup.yml and restore.yml`
    : `${beside} and copy the keys with a client (SCAN and the types' own commands), for it cannot load these data files`;
}

/** Can a replica of the one version load the data of a master of the other? Versions as `redis 7.0.15`. */
export function canFollow(replica: string, master: string): boolean {
  const [own, other] = [parseServerVersion(replica), parseServerVersion(master)];
  if (!own || !other) return true;
  return (dataFormat(own) ?? 0) >= (dataFormat(other) ?? 0);
}
