/**
 * Functions for scripts that judge and end processes. A process is known by its pid and its start time (field 22 of
 * /proc/PID/stat), never by the pid alone, which may be another's by now. Builtins only.
 *
 * - `stat_of PID` sets state, ppid, group and start; fails when there is no such process.
 * - `is_it PID START` holds while that process lives.
 * - `end_shell PID START SECONDS` ends a session shell and all it runs: TERM to its group, which makes it end its script's group
 *   and wait for that; after SECONDS, KILL to all its descendants and their groups.
 */
export const endProcessFunctions = String.raw`
stat_of() {
  read -r stat_line 2>/dev/null <"/proc/$1/stat" || return 1
  set -- $\{stat_line##*) }
  state=$1 ppid=$2 group=$3 start=$\{20}
}
is_it() { stat_of "$1" && [ "$start" = "$2" ] && [ "$state" != Z ]; }
end_shell() {
  is_it "$1" "$2" || return 0
  kill -TERM "-$group" 2>/dev/null
  waited=0
  while is_it "$1" "$2" && [ "$waited" -lt "$3" ]; do sleep 1; waited=$((waited + 1)); done
  is_it "$1" "$2" || return 0
  family=" $1 " size=
  while [ "$size" != "$\{#family}" ]; do
    size=$\{#family}
    for each in /proc/[0-9]*; do
      each=$\{each#/proc/}
      stat_of "$each" || continue
      case $family in
        *" $each "*) ;;
        *" $ppid "*) family="$family$each " ;;
      esac
    done
  done
  for each in $family; do
    stat_of "$each" && [ "$group" = "$each" ] && kill -KILL "-$each" 2>/dev/null
    kill -KILL "$each" 2>/dev/null
  done
  waited=0
  while is_it "$1" "$2" && [ "$waited" -lt 3 ]; do sleep 1; waited=$((waited + 1)); done
  ! is_it "$1" "$2"
}
`.replaceAll('$\\{', '${');
