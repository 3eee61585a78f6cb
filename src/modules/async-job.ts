import { randomBytes } from 'node:crypto';
import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { ApplyContext, Result } from './contract.ts';

/** A command that a task leaves behind (`poll: 0`): its directory on the host holds all that is known of it. */
export interface JobAbout {
  readonly cmd: unknown;
  readonly stripEmptyEnds: boolean;
}

const DIRECTORY = '.rcdeploy_async';

/** ansible-core looks every so many seconds whether the time is over; `async: 1` is written for jobs that take a little longer. */
const STEP_S = 5;

/**
 * The job leads a session of its own, so that neither the end of the run nor that of the connection ends it. It is ended when its
 * time is over, first kindly. `rc` comes last, and at once.
 */
const RUNNER = `d=$1 limit=$2
trap : TERM
/bin/sh "$d/script" >"$d/stdout" 2>"$d/stderr" <"$d/stdin" &
p=$!
(
  trap - TERM
  n=0
  while kill -0 "$p" 2>/dev/null; do
    sleep 1
    n=$((n + 1))
    [ "$n" -ge "$limit" ] || continue
    echo late >"$d/late"
    kill -TERM 0
  done
) &
(
  trap "" TERM
  n=0
  while kill -0 "$p" 2>/dev/null; do
    sleep 1
    n=$((n + 1))
    [ "$n" -lt $((limit + 3)) ] || kill -KILL "$p" 2>/dev/null
  done
) &
wait "$p"
rc=$?
while kill -0 "$p" 2>/dev/null; do wait "$p"; rc=$?; done
date +%s >"$d/end"
echo "$rc" >"$d/rc.new" && mv "$d/rc.new" "$d/rc"
`;

/** Starts the script and comes back at once. `limitS`: how long it may take. */
export async function startJob(
  script: string,
  stdin: string,
  about: JobAbout,
  limitS: number,
  context: ApplyContext,
): Promise<Result> {
  const id = `j${randomBytes(6).toString('hex')}`;
  const limit = Math.ceil(limitS / STEP_S) * STEP_S;
  const put = (file: string, text: string) => `printf %s ${quote(text)} >"$d/${file}" || exit\n`;
  const reply = await context.sh(`command -v setsid >/dev/null || { echo 'setsid is not installed' >&2; exit 1; }
old=$(umask); umask 077; d=$HOME/${DIRECTORY}/${id}; mkdir -p "$d" || exit
${put('script', script)}${put('stdin', stdin)}${put('about', JSON.stringify(about))}date +%s >"$d/start" || exit
umask "$old"
setsid /bin/sh -c ${quote(RUNNER)} ${id} "$d" ${limit} </dev/null >/dev/null 2>&1 3<&- 5<&- 7>&- 8>&- 9<&- &
echo "$!" >"$d/pid"
echo "$d"
`);
  if (reply.rc !== 0) {
    throw new TaskError(`the command could not be left behind: ${reply.stderr.trim()}`, { details: { rc: reply.rc } });
  }
  const at = { ansible_job_id: id, results_file: reply.stdout.trim() };
  return { ...at, started: true, finished: false, changed: true };
}

/** Prints a line that says how the job stands, and what it has left. */
export function jobScript(id: string): string {
  return `d=$HOME/${DIRECTORY}/${quote(id)}
echo "$d"
[ -d "$d" ] || { echo none; exit 0; }
if [ -f "$d/rc" ]; then echo ended
else
  read -r pid 2>/dev/null <"$d/pid"
  if [ -n "$pid" ] && tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q -F -- ${quote(id)}; then echo runs
  elif [ -f "$d/rc" ]; then echo ended
  else echo lost; fi
fi
for f in about rc start end late; do
  [ -f "$d/$f" ] && { cat "$d/$f"; [ "$f" != about ] || echo; } || echo
done
wc -c <"$d/stdout"
cat "$d/stdout" 2>/dev/null
cat "$d/stderr" 2>/dev/null
`;
}

export function removeJobScript(id: string): string {
  return `rm -rf -- "$HOME/${DIRECTORY}/"${quote(id)} && echo "$HOME/${DIRECTORY}/"${quote(id)}\n`;
}
