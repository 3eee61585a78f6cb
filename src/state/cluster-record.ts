import { createHash } from 'node:crypto';
import type { ClusterRecord, RecordedNode } from '../redis/cluster/topology.ts';
import { TEXTS_FUNCTION } from '../sh/builtin-reads.ts';
import { contained } from '../sh/contained.ts';
import { quote } from '../sh/quote.ts';
import { MAKE_STATE_DIR, SET_STATE_DIR } from './state-dir.ts';

/** Prints a line of JSON for each cluster that has nodes on the host. */
export const READ_RECORDS = contained(`${TEXTS_FUNCTION}
${SET_STATE_DIR}
for F in "$D"/clusters/*.json; do [ -f "$F" ] && texts "$F"; done
true`);

/** A record that makes no sense is none: then what the nodes say has to be enough. */
export function parseRecords(output: string): ClusterRecord[] {
  return output.split('\n').flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line);
      return isRecord(parsed) ? [parsed] : [];
    } catch {
      return [];
    }
  });
}

export function recordContent(record: ClusterRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** Puts stdin in the place of the cluster's record, wholly or not at all. */
export function writeRecordScript(cluster: string, bytes: number): string {
  const file = quote(fileOf(cluster));
  return `${SET_STATE_DIR}
${MAKE_STATE_DIR} && mkdir -p "$D/clusters" || exit 1
T=$D/clusters/.$$
trap 'rm -f "$T"' EXIT
cat >"$T" && [ "$(wc -c <"$T")" -eq ${bytes} ] || { echo "the record did not arrive whole in $D/clusters" >&2; exit 1; }
sync "$T" 2>/dev/null || sync
mv -f "$T" "$D/clusters/"${file}`;
}

export function removeRecordScript(cluster: string): string {
  return `${SET_STATE_DIR}\nrm -f "$D/clusters/"${quote(fileOf(cluster))}`;
}

/** Names are free text; most are fit for a file's name as they are. */
function fileOf(cluster: string): string {
  if (/^\w[\w.-]{0,60}$/.test(cluster)) return `${cluster}.json`;
  return `${createHash('sha256').update(cluster).digest('hex').slice(0, 24)}.json`;
}

function isRecord(value: unknown): value is ClusterRecord {
  if (typeof value !== 'object' || value === null || !('cluster' in value) || !('nodes' in value)) return false;
  return typeof value.cluster === 'string' && Array.isArray(value.nodes) && value.nodes.every(isNode);
}

function isNode(value: unknown): value is RecordedNode {
  if (typeof value !== 'object' || value === null) return false;
  const { host, port, address, id } = value as Record<string, unknown>;
  return typeof host === 'string' && typeof port === 'number' && typeof address === 'string' && typeof id === 'string';
}
