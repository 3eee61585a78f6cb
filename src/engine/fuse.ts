import { statAhead } from '../modules/path-state.ts';
import { askCommon } from '../sh/builtin-reads.ts';
import type { Reply } from '../transport/contract.ts';

/**
 * The shell writes line by line, and sshd makes a packet of each write: hundreds cost both sides more than the reading. Block sizes that
 * differ have dd, also BusyBox's, gather what it writes.
 */
const inOnePiece = 'dd ibs=32768 obs=65536 2>/dev/null';

/** Whether it is told on stderr, too, where each script has ended: that is a packet for each of them, and scripts seldom complain. */
export type Marks = 'stdout' | 'both';

/**
 * Several read scripts as one message. Each runs in a subshell of its own, so that `exit`, variables and the working directory
 * stay there; a marker that no host can guess parts their outputs. `stats` are paths that they look at.
 */
export function fuse(
  scripts: readonly string[],
  marker: string,
  stats: readonly string[] = [],
  marks: Marks = 'stdout',
): string {
  const paths = [...new Set(stats)];
  const ahead = [...(paths.length > 1 ? [statAhead(paths)] : []), ...askCommon(scripts)];
  const end = `printf '\\n%s %d\\n' '${marker}' "$?"`;
  const part = (script: string) => `(\n${script}\n) </dev/null\n${end}`;
  if (scripts.length === 1) return [...ahead, ...scripts.map(part)].join('\n');
  const sign = `printf '\\n%s\\n' '${marker}' >&2`;
  const [before, after] = marks === 'both' ? ['', sign] : [clock(sign), 'rcdeploy_alive'];
  return ['{', before, ...ahead, ...scripts.map((script) => `${part(script)}; ${after}`), `} | ${inOnePiece}`].join(
    '\n',
  );
}

/**
 * What is gathered tells nobody that the host gets on. So a sign goes to stderr whenever a script has ended in another second of the
 * host's clock than the one before: a packet for each slow script, none for quick ones. Where there is no such clock each script has one.
 */
function clock(sign: string): string {
  return `rcdeploy_second() { rcdeploy_now=; { read -r rcdeploy_now rcdeploy_idle </proc/uptime; } 2>/dev/null; rcdeploy_now=\${rcdeploy_now%.*}; }
rcdeploy_alive() {
  rcdeploy_then=$rcdeploy_now
  rcdeploy_second
  [ "\${rcdeploy_now:-none}" = "$rcdeploy_then" ] || ${sign}
}
rcdeploy_second`;
}

/**
 * The replies of the scripts, in order; undefined when something stands on stderr and nobody can tell by which of them: it takes
 * marks on both. Throws when the markers are not all there (the shell died, or output was cut).
 */
export function unfuse(reply: Reply, marker: string, count: number, marks: Marks = 'stdout'): Reply[] | undefined {
  const stdouts = reply.stdout.split(`\n${marker} `);
  const said = reply.stderr.split(`\n${marker}\n`);
  const isWhole = stdouts.length === count + 1 && (marks === 'stdout' || count === 1 || said.length === count + 1);
  if (!isWhole) {
    throw new Error(
      `the host's shell ended within a fused read after ${stdouts.length - 1} of ${count} parts (exit status ${reply.rc}): ${said.join('').slice(-400)}`,
    );
  }
  if (marks === 'stdout' && count > 1 && said.some((text) => text !== '')) return undefined;
  const replies: Reply[] = [];
  let output = stdouts[0] ?? '';
  for (let index = 0; index < count; index++) {
    const next = stdouts[index + 1] ?? '';
    const end = next.indexOf('\n');
    replies.push({ rc: Number(next.slice(0, end)), stdout: output, stderr: said[index] ?? '' });
    output = next.slice(end + 1);
  }
  return replies;
}
