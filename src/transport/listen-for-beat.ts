import { endProcessFunctions } from '../sh/end-process.ts';
import { quote } from '../sh/quote.ts';
import type { Identity } from './handshake.ts';
import { beatMs, readBeat } from './heartbeat.ts';

/** One beat may have come just before, and the host may be busy. */
const listenSeconds = beatMs / 1000 + 3;

/**
 * Listens on a host for a beat to the watcher of another run's session shell. Prints `beat` when one came: that run's control process
 * lives. `silence`: none came in time; nothing: no watcher is at work there. The watcher is known by the sshd that serves both.
 */
export function listenForBeatScript({ pid, startTime }: Pick<Identity, 'pid' | 'startTime'>): string {
  return `${endProcessFunctions}
comm_of() { read -r comm 2>/dev/null <"/proc/$1/comm"; }
sshd_of() {
  at=$1
  while [ "$at" -gt 1 ] && comm_of "$at"; do
    case $comm in sshd*|dropbear*) return 0 ;; esac
    stat_of "$at" || return 1
    at=$ppid
  done
  return 1
}
find_waiting() {
  waiting=
  for each in /proc/[0-9]*; do
    each=\${each#/proc/}
    comm_of "$each" && [ "$comm" = dd ] || continue
    [ "$(tr '\\0' ' ' 2>/dev/null <"/proc/$each/cmdline")" = '${readBeat} ' ] || continue
    sshd_of "$each" && [ "$at" = "$server" ] && stat_of "$each" && waiting="$waiting $each:$start"
  done
}
is_it ${pid} ${quote(startTime)} && sshd_of ${pid} || exit 0
server=$at
find_waiting
[ "$waiting" ] || { sleep 1; find_waiting; }
[ "$waiting" ] || exit 0
known="$waiting " waited=0
while [ "$waited" -lt ${listenSeconds} ]; do
  sleep 1
  waited=$((waited + 1))
  find_waiting
  for each in $waiting; do
    case $known in *" $each "*) ;; *) echo beat; exit 0 ;; esac
  done
done
echo silence`;
}
