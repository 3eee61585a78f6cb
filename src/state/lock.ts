import { SHORT_FUNCTION } from '../sh/builtin-reads.ts';
import { contained } from '../sh/contained.ts';
import { endProcessFunctions } from '../sh/end-process.ts';
import { quote } from '../sh/quote.ts';
import { MAKE_STATE_DIR, SET_STATE_DIR } from './state-dir.ts';

/**
 * The lock of a host is a file `lock.N`; the highest N counts. Its holder is the session shell of the run that made it, so the
 * lock lives exactly as long as what may still be working there: no clock decides. To take it, a complete file is linked to
 * `lock.(N+1)`, which fails when another run was faster. The highest is never removed, so two runs can never both succeed.
 */

/** The session shell that holds a lock: alive while /proc shows this start time (field 22 of /proc/PID/stat) in this boot. */
export interface ShellIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

/** Who runs, for people and for finding out whether the control process is dead. */
export interface Holder {
  readonly user: string;
  readonly controlHost: string;
  readonly controlPid: number;
  readonly controlStartTime: string;
  readonly controlBootId: string;
  readonly playbook: string;
  /** ISO 8601, the control machine's clock; shown, never compared. */
  readonly since: string;
}

export interface LockState {
  /** 0: never locked. */
  readonly generation: number;
  readonly status: 'free' | 'held';
  readonly shell: ShellIdentity | undefined;
  readonly holder: Holder | undefined;
}

const FIND_LATEST = `N=0
for F in "$D"/lock.*; do
  n=\${F##*/lock.}
  case $n in ''|*[!0-9]*) continue ;; esac
  [ "$n" -gt "$N" ] && N=$n
done`;

/** Prints `lock N STATUS`, then the two lines of the lock's file. */
export const READ_LOCK = contained(`${SHORT_FUNCTION}
${SET_STATE_DIR}
${FIND_LATEST}
S=free
if [ "$N" -gt 0 ] && [ ! -e "$D/lock.$N.released" ]; then
  pid= start= boot=; read -r pid start boot <"$D/lock.$N"
  stat=$(cat "/proc/$pid/stat" 2>/dev/null); set -- \${stat##*) }
  if [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "\${20-}" = "$start" ] && [ "$1" != Z ]; then S=held; else S=dead; fi
fi
printf 'lock %s %s\\n' "$N" "$S"
[ "$N" -gt 0 ] && short "$D/lock.$N"
true`);

export function parseLock(output: string): LockState {
  const [first = '', second = '', third = ''] = output.split('\n');
  const match = /^lock (\d+) (free|held|dead)$/.exec(first);
  if (!match) throw new Error(`the lock of the host cannot be read: ${JSON.stringify(output.slice(0, 200))}`);
  const [pid, startTime, bootId] = second.split(' ');
  return {
    generation: Number(match[1]),
    status: match[2] === 'held' ? 'held' : 'free',
    shell: pid && startTime && bootId ? { pid: Number(pid), startTime, bootId } : undefined,
    holder: match[2] === 'free' ? undefined : parseHolder(third),
  };
}

/** Take the lock after `generation`; stdin is the file's content. Exit status 75: another run was faster. */
export function takeLockScript(generation: number): string {
  return `${SET_STATE_DIR}
${MAKE_STATE_DIR} || exit 1
T=$D/.lock.$$
cat >"$T" || exit 1
ln "$T" "$D/lock.${generation + 1}" 2>/dev/null; rc=$?
rm -f "$T"
[ "$rc" = 0 ] || { [ -e "$D/lock.${generation + 1}" ] && exit 75; echo "cannot make a lock in $D" >&2; exit 1; }
for F in "$D"/lock.*; do
  n=\${F##*/lock.}; n=\${n%.released}
  case $n in ''|*[!0-9]*) continue ;; esac
  [ "$n" -le ${generation} ] && rm -f "$F"
done
true`;
}

export function lockContent(shell: ShellIdentity, holder: Holder): Buffer {
  return Buffer.from(`${shell.pid} ${shell.startTime} ${shell.bootId}\n${JSON.stringify(holder)}\n`);
}

/** Give the lock up while the shell still lives. */
export function releaseLockScript(generation: number): string {
  return `${SET_STATE_DIR}\n: >"$D/lock.${generation}.released"`;
}

/** How long the remains of a dead run may take to end their script by themselves: their TERM, 3 s, their KILL. */
const graceSeconds = 6;

/** End what a dead run left: its session shell, whose identity is checked first, and everything below it. */
export function endRemainsScript({ pid, startTime }: ShellIdentity): string {
  return `${endProcessFunctions}\nend_shell ${pid} ${quote(startTime)} ${graceSeconds}`;
}

/** Who holds the lock of a host. */
export function describeHolder(host: string, holder: Holder | undefined): string {
  return `another run holds the lock of ${host}${holder ? `: ${nameHolder(holder)}` : ''}`;
}

/** User, control host, pid, start and playbook of a run. */
export function nameHolder(holder: Holder): string {
  const { user, controlHost, controlPid, since, playbook } = holder;
  return `${user} on ${controlHost} (pid ${controlPid}), since ${since}, playbook ${playbook}`;
}

function parseHolder(line: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && 'controlPid' in parsed ? (parsed as Holder) : undefined;
  } catch {
    return undefined;
  }
}
