import { dirname } from 'node:path';
import { quote } from '../../sh/quote.ts';
import { type ServerArgs, serverPath, unitName } from './server-args.ts';
import { listenersFunction, type ServerState } from './server-state.ts';

/**
 * Start the node in a session of its own and print its pid. Redis's own `--daemonize yes` answers 0 before it listens, and
 * hides the pid of a child that dies; here the shell becomes the server, so that the pid is known and its end is seen.
 */
export function daemonizeScript(args: ServerArgs, state: ServerState): string {
  const log = state.conf.logfile;
  const command = `exec ${quote(serverPath(args))} ${quote(args.config)} --daemonize no`;
  const inner = `umask 077; echo $$ >"$1"; ${command}`;
  return `${listenersFunction}
taken=$(listeners ${args.port} ${state.conf['cluster-enabled'] === 'yes' ? args.port + 10000 : ''})
if [ -n "$taken" ]; then printf 'taken: %s\\n' "$taken" >&2; exit 3; fi
umask 077
rm -rf ${quote(dirname(args.config))}/.start.??????
work=$(mktemp -d ${quote(`${dirname(args.config)}/.start.XXXXXX`)}) || exit 1
trap 'rm -rf "$work"' EXIT
: >"$work/pid"
ulimit -n ${args.open_files} 2>/dev/null || ulimit -n "$(ulimit -Hn)" 2>/dev/null
user=${quote(args.user ?? '')} group=${quote(args.group ?? '')}
as=
if [ -n "$user" ] && [ "$(id -u)" = 0 ] && [ "$user" != root ]; then
  chown "$user" "$work" "$work/pid" || exit 1
  if command -v setpriv >/dev/null; then as="setpriv --reuid $user --regid \${group:-$(id -gn "$user")} --init-groups"
  else as=su; fi
fi
inner=${quote(inner)}
out=${log ? '"$work/out"' : quote(`${args.config}.log`)}
if [ "$as" = su ]; then
  printf '%s\\n' "$inner" >"$work/start" && chmod 755 "$work" "$work/start"
  setsid su -s /bin/sh "$user" -c "exec /bin/sh '$work/start' '$work/pid'" </dev/null >"$out" 2>&1 &
else
  setsid $as /bin/sh -c "$inner" sh "$work/pid" </dev/null >"$out" 2>&1 &
fi
tries=0
until [ -s "$work/pid" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat "$out" >&2; exit 1; }
  sleep 0.05 2>/dev/null || sleep 1
done
cat "$work/pid"`;
}

/** Start the unit without waiting for its end: the caller watches. Prints the pid of what was started. */
export function systemdStartScript(args: ServerArgs): string {
  const unit = quote(unitName(args));
  return `systemctl reset-failed ${unit} 2>/dev/null
systemctl start --no-block ${unit} || exit 1
tries=0
while :; do
  pid=$(systemctl show -p MainPID ${unit} | sed -n 's/MainPID=\\([1-9]\\)/\\1/p')
  [ -z "$pid" ] || { echo "$pid"; exit 0; }
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  systemctl is-failed -q ${unit} && { echo 0; exit 0; }
  sleep 0.1 2>/dev/null || sleep 1
done`;
}

export function bootScript(args: ServerArgs, enable: boolean): string {
  return `systemctl daemon-reload && ${enable ? `systemctl enable -q ${quote(unitName(args))}` : 'true'}`;
}

export function removeUnitScript(args: ServerArgs, path: string): string {
  return `systemctl disable -q ${quote(unitName(args))} 2>/dev/null; rm -f ${quote(path)} && systemctl daemon-reload`;
}

/** How a process is: `gone`, or its executable and a number that grows while it works (processor time and bytes written). */
export function pulseScript(pid: string): string {
  return `p=/proc/${quote(pid)}
state=$(sed 's/.*) //' "$p/stat" 2>/dev/null | cut -d' ' -f1)
case $state in ''|Z|X) echo gone; exit 0 ;; esac
printf 'exe %s\\n' "$(readlink "$p/exe")"
printf 'pulse %s %s\\n' "$(sed 's/.*) //' "$p/stat" | cut -d' ' -f12-15)" "$(sed -n 's/^write_bytes: //p' "$p/io" 2>/dev/null)"`;
}

/** Bytes in the log now; what a start adds comes after them. */
export function logSizeScript(log: string): string {
  return `wc -c <${quote(log)} 2>/dev/null || echo 0`;
}

/** The last lines that were added to the log, else what the journal has. */
export function logTailScript(args: ServerArgs, log: string, from: number): string {
  return `[ ! -r ${quote(log)} ] || tail -c +${from + 1} ${quote(log)} | tail -n 15 | grep . && exit 0
journalctl -q -n 15 --no-pager -o cat -u ${quote(unitName(args))} 2>/dev/null || true`;
}
