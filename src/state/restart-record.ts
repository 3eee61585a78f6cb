import { TEXTS_FUNCTION } from '../sh/builtin-reads.ts';
import { contained } from '../sh/contained.ts';
import { quote } from '../sh/quote.ts';
import { MAKE_STATE_DIR, SET_STATE_DIR } from './state-dir.ts';

/** What an operation that restarts every node leaves on a host for each of its nodes until it is over: who shall be gone. */
export interface RestartRecord {
  readonly port: number;
  /** run_id of the process that was there when the operation began: as long as it runs, the node is to be restarted. */
  readonly runId: string;
}

/** Prints `CLUSTER.PORT RUN_ID` for each record, whatever cluster it is of: the same question on every host, read with the first. */
export const READ_RESTARTS = contained(`${TEXTS_FUNCTION}
${SET_STATE_DIR}
for F in "$D"/rolling/*; do [ -f "$F" ] && { printf '%s ' "\${F##*/}"; texts "$F"; }; done
true`);

export function parseRestarts(output: string, cluster: string): RestartRecord[] {
  return output.split('\n').flatMap((line) => {
    const [, head, port, runId] = /^([0-9a-f]+)\.(\d+) ([0-9a-f]{40})$/.exec(line) ?? [];
    return head !== fileHead(cluster) || runId === undefined ? [] : [{ port: Number(port), runId }];
  });
}

export function writeRestartsScript(cluster: string, records: readonly RestartRecord[]): string {
  const head = quote(fileHead(cluster));
  const writes = records.map(
    ({ port, runId }) =>
      `printf '%s\\n' ${quote(runId)} >"$D/rolling/.new.$$" && mv -f "$D/rolling/.new.$$" "$D/rolling/"${head}.${port} || exit 1`,
  );
  return [SET_STATE_DIR, `${MAKE_STATE_DIR} && mkdir -p "$D/rolling" || exit 1`, ...writes].join('\n');
}

export function removeRestartsScript(cluster: string, ports: readonly number[]): string {
  return `${SET_STATE_DIR}\nrm -f ${ports.map((port) => `"$D/rolling/"${quote(fileHead(cluster))}.${port}`).join(' ')}`;
}

/** A cluster's name as a word that can stand in a file name. */
function fileHead(cluster: string): string {
  return Buffer.from(cluster).toString('hex');
}
