/**
 * The program of the session shell: it reads messages from its stdin and runs each script as a child in a process group of its own.
 *
 * It is always in `read`, also while a script runs, so it notices a lost connection (end of file) and `stop` at once and ends
 * the script's group. The text comes over stdin, because what stands in argv is shown to every user of the host; so do scripts.
 *
 * Messages, one line each:
 *   run NONCE LENGTH STDIN   then LENGTH bytes of script; STDIN plain or gzip: then frames "BYTES\n…", the last one "0\n"
 *   stop                     end what runs
 *
 * Descriptors: 9 is the session's stdin, 8 its stdout, 5 the script's stdin, 3 the script's text, 7 tells that the last frame was read.
 *
 * A script whose setsid has not run yet has no group to end: then the process itself is.
 *
 * A function called with redirections keeps copies of what they replace, also in dash; hence `(exec …; keep)`.
 *
 * Ways not taken: `set -m` needs a terminal in dash; a here-document may become a file in /tmp in bash; `sh` with the script
 * on its stdin reads ahead; BusyBox `head -c` swallows what follows.
 */
const program = String.raw`
export LC_ALL=C; unset ENV BASH_ENV CDPATH; umask 022
for d in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
  case ":$PATH:" in *":$d:"*) ;; *) PATH=$PATH:$d ;; esac
done
export PATH
@CD@
exec 9<&0 8>&1 </dev/null
take() {
  if [ "$full" ]; then dd bs="$1" count=1 iflag=fullblock <&9 2>/dev/null
  else dd ibs=1 obs="$1" count="$1" <&9 2>/dev/null; fi
}
stat_of() {
  read -r l 2>/dev/null <"/proc/$1/stat" || return 1
  set -- $\{l##*) }
  state=$1 group=$3 start=$\{20}
}
lives() {
  kill -0 "-$1" 2>/dev/null || return 1
  for f in /proc/[0-9]*; do
    stat_of "$\{f#/proc/}" && [ "$group" = "$1" ] && [ "$state" != Z ] && return 0
  done
  return 1
}
finish() {
  hit=1
  kill -TERM "$target" 2>/dev/null || kill -TERM "$p" 2>/dev/null
  [ "$killer" ] || { (sleep 3; kill -KILL "$target") 8>&- </dev/null >/dev/null 2>&1 & killer=$!; }
}
keep() {
  exec 5<&0
  killer= hit= rc= p= target=
  trap 'hit=1; [ -z "$target" ] || finish' TERM
  echo "$1<"; echo "$1<" >&2
  printf '%s\n' "$s" 5<&- | $setsid /bin/sh -c '. /proc/self/fd/3' 3<&0 0<&5 5<&- 8>&- 9<&- &
  p=$! s=
  exec 5<&- </dev/null
  if [ "$setsid" ]; then target=-$p; else target=$p; fi
  [ -z "$hit" ] || finish
  while :; do
    hit=
    wait "$p"; r=$?
    [ "$rc" ] && [ "$r" = 127 ] || rc=$r
    [ "$hit" ] || break
  done
  left=0
  if [ "$setsid" ]; then
    i=0
    while lives "$p"; do
      left=1
      [ "$killer" ] && [ "$i" -lt 8 ] || break
      sleep 1; i=$((i + 1)); left=0
    done
  fi
  [ -z "$killer" ] || kill "$killer" 2>/dev/null
  echo "$1> $rc $left"; echo "$1> $rc $left" >&2
}
pump() {
  while IFS= read -r n <&9; do
    case $n in
      0) exit 0 ;;
      stop) break ;;
      *) take "$n" || exec >/dev/null ;;
    esac
  done
  echo stop >&7
  exec sleep 60 7>&- 8>&- 9<&- 2>/dev/null
}
stop() {
  [ "$k" ] && stat_of "$k" && [ "$group" = "$own" ] && kill -TERM "$k" 2>/dev/null
}
bye() {
  trap '' TERM HUP
  if stop; then
    wait "$k" 2>/dev/null
    while stat_of "$k" && [ "$group" = "$own" ]; do
      [ "$state" != Z ] || break
      sleep 1
    done
  fi
  exit 0
}
setsid=$(command -v setsid 2>/dev/null)
k=
stat_of $$ || { echo "@READY@ noproc" >&8; exit 1; }
own=$group
read -r boot </proc/sys/kernel/random/boot_id
while read -r key real uid rest; do [ "$key" != Uid: ] || break; done <"/proc/$$/status"
trap bye TERM HUP
echo "@READY@ ready $$ $start $boot $uid $(command -v gzip)"
while read -r word nonce length stdin <&9; do
  case $word in
    run)
      s=$(take "$length")
      [ "$\{#s}" -eq "$length" ] || break
      case $stdin in
        none) (exec 9<&-; keep "$nonce") & k=$! ;;
        plain) k=$(exec 7>&1; pump | (exec >&8 7>&- 9<&-; keep "$nonce") & echo $! >&7) ;;
        gzip) k=$(exec 7>&1; pump | gzip -dc 2>/dev/null 7>&- 8>&- 9<&- | (exec >&8 7>&- 9<&-; keep "$nonce") & echo $! >&7) ;;
      esac
      s=
      case $k in *stop*) k=$\{k%%[!0-9]*}; stop ;; esac ;;
    stop) stop ;;
  esac
done
bye
`;

/** Reads the program from stdin, and with it learns what dd can do (`full`). Without `'`, `!`, backslash and newline, so that every login shell passes it on unchanged. */
const bootstrap =
  'IFS= read -r n; full=1; l=$(dd bs=$n count=1 iflag=fullblock 2>/dev/null) || full=; [ "$full" ] || l=$(dd bs=1 count=$n 2>/dev/null); eval "$l"';

/** The words that start the session shell; `sh -c` because a shell that has its program on stdin reads ahead. */
export const shellWords: readonly string[] = ['/bin/sh', '-c', bootstrap];

/** The same for a login shell of any kind: sh, fish, tcsh. */
export const shellCommand = `exec /bin/sh -c '${bootstrap}'`;

/** Where scripts start: where the shell was started, in the login user's home directory, or in that of the user become. */
export type StartDirectory = 'here' | 'home' | 'become home';

const goHome = 'cd "$HOME" 2>/dev/null || cd /';
const goTo: Record<StartDirectory, string> = {
  here: ':',
  home: goHome,
  // sudo and su may leave HOME as it was; `~name` looks the right one up.
  'become home': `h=$(id -un) && case $h in ''|*[!A-Za-z0-9_.-]*) ;; *) eval "HOME=~$h" ;; esac\n${goHome}`,
};

/** What to write to a fresh shell's stdin. The shell answers with one line: `ready`, then "ready PID START BOOTID UID" and the path of gzip if there is one. */
export function sessionProgram(ready: string, directory: StartDirectory): Buffer {
  const text = program.replaceAll('$\\{', '${').replaceAll('@READY@', ready);
  return asProgram(text.replace('@CD@', () => goTo[directory]));
}

/** A program text for a shell started by {@link shellWords}. */
export function asProgram(text: string): Buffer {
  const body = Buffer.from(text.trim());
  return Buffer.concat([Buffer.from(`${body.length}\n`), body]);
}
