import { statAhead } from '../modules/path-state.ts';
import { askCommon } from '../sh/builtin-reads.ts';
import type { Reply } from '../transport/contract.ts';

/**
 * The shell writes line by line, and sshd makes a packet of each write: hundreds cost both sides more than the reading. Block sizes that
 * differ have dd, also BusyBox's, gather what it writes. Marks on stderr still tell of each read that has ended.
 */
const inOnePiece = 'dd ibs=32768 obs=65536 2>/dev/null';

/**
 * Several read scripts as one message. Each runs in a subshell of its own, so that `exit`, variables and the working directory
 * stay there; a marker that no host can guess parts their outputs on both streams. `stats` are paths that they look at.
 */
export function fuse(scripts: readonly string[], marker: string, stats: readonly string[] = []): string {
  const paths = [...new Set(stats)];
  const parts = scripts.map(
    (script) => `(\n${script}\n) </dev/null\nprintf '\\n%s %d\\n' '${marker}' "$?"; printf '\\n%s\\n' '${marker}' >&2`,
  );
  const ahead = paths.length > 1 ? [statAhead(paths)] : [];
  const message = [...ahead, ...askCommon(scripts), ...parts].join('\n');
  return scripts.length > 1 ? `{\n${message}\n} | ${inOnePiece}` : message;
}

/** The replies of the scripts, in order. Throws when the markers are not all there (the shell died, or output was cut). */
export function unfuse(reply: Reply, marker: string, count: number): Reply[] {
  const stdouts = reply.stdout.split(`\n${marker} `);
  const stderrs = reply.stderr.split(`\n${marker}\n`);
  if (stdouts.length !== count + 1 || stderrs.length !== count + 1) {
    throw new Error(
      `the host's shell ended within a fused read after ${stdouts.length - 1} of ${count} parts (exit status ${reply.rc}): ${reply.stderr.slice(-400)}`,
    );
  }
  const replies: Reply[] = [];
  let output = stdouts[0] ?? '';
  for (let index = 0; index < count; index++) {
    const next = stdouts[index + 1] ?? '';
    const end = next.indexOf('\n');
    replies.push({ rc: Number(next.slice(0, end)), stdout: output, stderr: stderrs[index] ?? '' });
    output = next.slice(end + 1);
  }
  return replies;
}
