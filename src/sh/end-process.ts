/**
 * Functions for scripts that judge and end processes. A process is known by its pid and its start time (field 22 of
 * /proc/PID/stat), never by the pid alone, which may be another's by now. Builtins only.
 *
 * - `stat_of PID` sets state, ppid, group, session and start; fails when there is no such process.
 * - `is_it PID START` holds while that process lives.
 * - `end_shell PID START SECONDS` ends a session shell and all it runs: TERM, which makes it end its script's group and wait for
 *   that; then, at the latest after SECONDS, KILL to what is left of its descendants and the groups that they lead. A script has
 *   a session of its own; what made another one from within a script, such as a server that was just started, is a daemon, no
 *   remains, and is spared. Fails when the shell still lives.
 */
export const endProcessFunctions = String.raw`
stat_of() {
  read -r stat_line 2>/dev/null <"/proc/$1/stat" || return 1
  set -- $\{stat_line##*) }
  state=$1 ppid=$2 group=$3 session=$4 start=$\{20}
}
set_found() { each=$1 session=$2 start=$3; }
is_it() { stat_of "$1" && [ "$start" = "$2" ] && [ "$state" != Z ]; }
end_shell() {
  is_it "$1" "$2" || return 0
  pids=" $1 " family=" $1:$2 " size= own=$session sessions=" $session "
  while [ "$size" != "$\{#pids}" ]; do
    size=$\{#pids}
    for each in /proc/[0-9]*; do
      each=$\{each#/proc/}
      case $pids in *" $each "*) continue ;; esac
      stat_of "$each" || continue
      case $pids in *" $ppid "*) ;; *) continue ;; esac
      case $sessions in
        *" $session "*) ;;
        *)
          found="$each $session $start"
          stat_of "$ppid" || continue
          [ "$session" = "$own" ] || continue
          set_found $found
          sessions="$sessions$session "
          ;;
      esac
      pids="$pids$each " family="$family$each:$start "
    done
  done
  kill -TERM "$1" 2>/dev/null
  waited=0
  while is_it "$1" "$2" && [ "$waited" -lt "$3" ]; do sleep 1; waited=$((waited + 1)); done
  for each in $family; do
    is_it "$\{each%:*}" "$\{each#*:}" || continue
    each=$\{each%:*}
    [ "$group" != "$each" ] || kill -KILL "-$each" 2>/dev/null
    kill -KILL "$each" 2>/dev/null
  done
  waited=0
  while is_it "$1" "$2" && [ "$waited" -lt 3 ]; do sleep 1; waited=$((waited + 1)); done
  ! is_it "$1" "$2"
}
`.replaceAll('$\\{', '${');
