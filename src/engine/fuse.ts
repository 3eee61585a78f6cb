import { statAhead } from '../modules/path-state.ts';
import { askCommon } from '../sh/builtin-reads.ts';
import { isContained, isFirst } from '../sh/contained.ts';
import type { Reply } from '../transport/contract.ts';
import { deferringFunctions, fillIn, PRINT_NOTED, printsTexts, withoutOwnTexts } from './deferred-texts.ts';

/**
 * The shell writes line by line, and sshd makes a packet of each write: hundreds cost both sides more than the reading. Block sizes that
 * differ have dd, also BusyBox's, gather what it writes.
 */
const inOnePiece = 'dd ibs=32768 obs=65536 2>/dev/null';

/**
 * `careful`: each script runs in a subshell, and it is told on stderr, too, where each has ended. That is a fork and a packet for each
 * of them, and scripts seldom complain or end their shell.
 */
export type Care = 'quick' | 'careful';

/**
 * Several read scripts as one message. Each runs in a subshell of its own, so that `exit`, variables and the working directory
 * stay there, or, if it is contained, in a function; a marker that no host can guess parts their outputs. `stats` are paths that they
 * look at.
 */
export function fuse(
  scripts: readonly string[],
  marker: string,
  stats: readonly string[] = [],
  care: Care = 'quick',
): string {
  const paths = [...new Set(stats)];
  const ahead = [...(paths.length > 1 ? [statAhead(paths)] : []), ...askCommon(scripts)];
  const end = `printf '\\n%s %d\\n' '${marker}' "$?"`;
  const apart = (script: string) => `(\n${script}\n) </dev/null\n${end}`;
  if (scripts.length === 1) return [...ahead, ...scripts.map(apart)].join('\n');
  const sign = `printf '\\n%s\\n' '${marker}' >&2`;
  const [before, after] = care === 'careful' ? ['', sign] : [clock(sign), 'rcdeploy_alive'];
  const part = (script: string) =>
    care === 'quick' && isContained(script)
      ? `rcdeploy_read() {\n${withoutOwnTexts(script)}\n}\nrcdeploy_read </dev/null\n${end}`
      : apart(script);
  const parts = turns(scripts).map((turn) => `${part(scripts[turn] ?? '')}; ${after}`);
  const defers = care === 'quick' && defersTexts(scripts);
  const [functions, noted] = defers ? [[deferringFunctions(marker)], [`${PRINT_NOTED}\n${end}`]] : [[], []];
  return ['{', before, ...ahead, ...functions, ...parts, ...noted, `} | ${inOnePiece}`].join('\n');
}

/** Whether the texts of files stand behind all other output of a quick message. */
function defersTexts(scripts: readonly string[]): boolean {
  return scripts.some((script) => isContained(script) && printsTexts(script));
}

/** The order in which scripts run: those that are not contained first, so that none of them sees what another left behind. */
function turns(scripts: readonly string[]): number[] {
  const all = [...scripts.keys()];
  const of = (turn: number) => scripts[turn] ?? '';
  return [
    ...all.filter((turn) => !isContained(of(turn))),
    ...all.filter((turn) => isFirst(of(turn))),
    ...all.filter((turn) => isContained(of(turn)) && !isFirst(of(turn))),
  ];
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
 * The replies of the scripts, in their order; undefined when it takes a careful message: something stands on stderr and nobody can tell
 * by which of them, or one ended the shell that others were to run in. Throws when the markers of a careful one are not all there (the
 * shell died, or output was cut).
 */
export function unfuse(
  reply: Reply,
  marker: string,
  scripts: readonly string[],
  care: Care = 'quick',
): Reply[] | undefined {
  const isQuick = care === 'quick' && scripts.length > 1;
  const count = scripts.length + Number(isQuick && defersTexts(scripts));
  const stdouts = reply.stdout.split(`\n${marker} `);
  const said = reply.stderr.split(`\n${marker}\n`);
  const isWhole = stdouts.length === count + 1 && (care === 'quick' || count === 1 || said.length === count + 1);
  if (isQuick && (!isWhole || said.some((text) => text !== ''))) return undefined;
  if (!isWhole) {
    throw new Error(
      `the host's shell ended within a fused read after ${stdouts.length - 1} of ${count} parts (exit status ${reply.rc}): ${said.join('').slice(-400)}`,
    );
  }
  const parts = partsOf(stdouts);
  const outputs = parts.slice(0, scripts.length).map(({ stdout }) => stdout);
  const filled = isQuick ? fillIn(outputs, parts[scripts.length]?.stdout ?? '', marker) : outputs;
  if (filled === undefined) return undefined;
  const replies: Reply[] = [];
  for (const [index, turn] of turns(scripts).entries()) {
    replies[turn] = { rc: parts[index]?.rc ?? -1, stdout: filled[index] ?? '', stderr: said[index] ?? '' };
  }
  return replies;
}

/** What stands before each marker, and the exit status behind it. */
function partsOf(stdouts: readonly string[]): { readonly rc: number; readonly stdout: string }[] {
  let stdout = stdouts[0] ?? '';
  return stdouts.slice(1).map((next) => {
    const end = next.indexOf('\n');
    const part = { rc: Number(next.slice(0, end)), stdout };
    stdout = next.slice(end + 1);
    return part;
  });
}
