/**
 * Sets `euid` to what `id -u` says, without a process of its own: reads run at every look at a host, and each process costs
 * about a millisecond there. Every host has /proc (the session shell checks it).
 */
export const READ_EUID = `euid=\${rcdeploy_euid-}; [ "$euid" ] || while read -r key real euid rest; do [ "$key" != Uid: ] || break; done </proc/self/status`;

/** A function that prints the lines of a short file, without the newlines: `joined FILE`. */
export const JOINED_FUNCTION = `joined() { while IFS= read -r line || [ -n "$line" ]; do printf '%s' "$line"; done <"$1"; }`;

/** A function that prints the lines of a short file: `short FILE`. */
export const SHORT_FUNCTION = `short() { while IFS= read -r l || [ -n "$l" ]; do printf '%s\\n' "$l"; done <"$1"; }`;

/**
 * A function that is true when it saw to it that the digest of a file will stand there, as 64 digits: `digest_later FILE`. A script by
 * itself asks `sha256sum`; where files are printed together, the digest is made of what is printed.
 */
export const DIGEST_LATER_FUNCTION = 'digest_later() { return 1; }';

/** A function that prints a file as it is, or several, each below a line `==> FILE <==`: `texts FILE…`. */
export const TEXTS_FUNCTION = `texts() { tail -n +1 -- "$@"; }`;

/**
 * What several reads of a message ask the host in the same words, by the variable that keeps the answer: `uname` with all that
 * is wanted of it, and the clock in the fields that facts tell.
 */
const COMMON = {
  rcdeploy_uname: 'uname -srvmn',
  rcdeploy_date: "date '+%Y %m %d %H %M %S %s %Z %z %u %j'",
} as const;

/** sh that makes sure of a common answer; in a message with {@link askCommon} it is there already. */
export function common(name: keyof typeof COMMON): string {
  return `: "\${${name}:=$(${COMMON[name]})}"`;
}

/** What `uname -srvmn` says, without a process, from Linux 6.1 on; the name of the machine is the last of these to be told in /proc. */
const UNAME_AHEAD = `rcdeploy_uname=
for key in ostype hostname osrelease version arch; do
  { read -r value </proc/sys/kernel/$key; } 2>/dev/null || { rcdeploy_uname=; break; }
  rcdeploy_uname="$rcdeploy_uname\${rcdeploy_uname:+ }$value"
done
${common('rcdeploy_uname')}`;

/**
 * A function that is true when nsswitch.conf has the files of /etc asked before all else: then what they hold is what getent says,
 * and the shell can read it itself. `files_first passwd`. Of a database that is named twice the first line counts.
 */
export const FILES_FIRST = `read_sources() {
  rcdeploy_sources=' '
  [ ! -r /etc/nsswitch.conf ] || while read -r database first rest; do
    case $rcdeploy_sources in *" $database"*) ;; *) rcdeploy_sources="$rcdeploy_sources$database$first " ;; esac
  done </etc/nsswitch.conf
}
files_first() {
  [ "\${rcdeploy_sources-}" ] || read_sources
  case $rcdeploy_sources in *" $1:files "*) ;; *) return 1 ;; esac
}`;

/** sh for the beginning of a message: asks or reads once what more than one of its scripts wants; for the shell each byte is a call. */
export function askCommon(scripts: readonly string[]): string[] {
  const ahead = [
    [`\${rcdeploy_uname:=`, UNAME_AHEAD],
    [`\${rcdeploy_date:=`, common('rcdeploy_date')],
    [READ_EUID, `${READ_EUID}; rcdeploy_euid=$euid`],
    [FILES_FIRST, `${FILES_FIRST}\nread_sources`],
  ] as const;
  return ahead
    .filter(([asked]) => scripts.filter((script) => script.includes(asked)).length > 1)
    .map(([, script]) => script);
}

/** The shell reads a byte at a time: a file with more lines than this is left to a program. */
export const FEW_LINES = 200;
