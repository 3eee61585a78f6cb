import { createHash } from 'node:crypto';
import { quote } from './quote.ts';

/** A file to install whole; its content is the script's stdin. */
export interface FileToWrite {
  readonly path: string;
  /** Length of the content: a shorter stdin installs nothing. */
  readonly bytes: number;
  /** Octal digits ("0640"); default: the old file's, else 0644. */
  readonly mode?: string | undefined;
  /** Name or number; default: the old file's, else the user who writes. */
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** True: a symbolic link at `path` is kept and its target written (Ansible's `follow`). False: the link is replaced. */
  readonly follow?: boolean | undefined;
  /** A script fragment that judges the complete temporary file `"$T"`; its failure keeps the old file. */
  readonly validate?: string | undefined;
}

/**
 * A script that puts its stdin at `path` in one step (P2): a 0600 file in the target directory gets content, owner, mode and
 * SELinux context, reaches the disk, and only then takes the name. On failure the old file is whole, no temporary file is left, and
 * stderr says why ("No space left on device"). A kill leaves the temporary file; the next write of that path removes it.
 */
export function writeFileScript(file: FileToWrite): string {
  return `D=${quote(file.path)}
${file.follow ? followLink : ''}case $D in */*) P=\${D%/*}/ ;; *) P=./ ;; esac
fail() { echo "cannot write $D: $1" >&2; exit 1; }
[ ! -d "$D" ] || [ -L "$D" ] || fail 'it is a directory'
[ -d "$P" ] || fail "there is no directory $P"
T=$P.rcdeploy-${temporaryName(file.path)}
trap 'rm -f "$T"' EXIT
trap 'exit 143' TERM HUP INT
umask 077
rm -f "$T" && (set -C; cat >"$T") || fail 'its new content could not be stored'
[ "$(wc -c <"$T")" -eq ${file.bytes} ] || fail 'its new content did not arrive whole'
O= G= M=644
if [ -e "$D" ] && [ ! -L "$D" ]; then
  old=$(stat -c '%u %g %a' "$D") && set -- $old && O=$1 G=$2 M=$3 || fail 'its owner and mode could not be read'
fi
${assign('O', file.owner)}${assign('G', file.group)}${assign('M', file.mode)}own=$O\${G:+:$G}
[ -z "$own" ] || [ "$(stat -c '%u:%g' "$T")" = "$own" ] || chown "$own" "$T" || fail "its owner could not be set to $own"
chmod "$M" "$T" || fail "its mode could not be set to $M"
${file.validate === undefined ? '' : `( ${file.validate}\n) || fail 'the validation refused the new content'\n`}L=
[ ! -e /sys/fs/selinux/enforce ] || { L=new; [ ! -e "$D" ] || ! chcon --reference="$D" "$T" 2>/dev/null || L=; }
sync "$T" 2>/dev/null || fsync "$T" 2>/dev/null || sync
mv -f "$T" "$D" || fail 'the new file could not take its name'
trap - EXIT
[ -z "$L" ] || ! command -v restorecon >/dev/null 2>&1 || restorecon "$D"
sync "$P" 2>/dev/null || :
`;
}

const followLink = `if [ -L "$D" ]; then
  D=$(readlink -f "$D" && echo x) || { echo "cannot write through the link $D: its directory is missing" >&2; exit 1; }
  D=\${D%??}
fi
`;

function assign(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name}=${quote(value)}\n`;
}

/** The same for every write of a path, so that what a killed write left is found again. */
function temporaryName(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}
