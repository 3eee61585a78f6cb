import { createHash } from 'node:crypto';
import type { ReplyLines } from './reply-lines.ts';

export type PathKind = 'file' | 'directory' | 'link' | 'block' | 'character' | 'fifo' | 'socket';

/** What stat says about one path. */
export interface PathState {
  readonly kind: PathKind;
  /** Permission bits with setuid, setgid and sticky. */
  readonly bits: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of user and group; `UNKNOWN` when the host has none. */
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly atime: number;
  readonly ctime: number;
  readonly inode: number;
  readonly links: number;
  readonly device: number;
  readonly blocks: number;
  readonly blockSize: number;
}

const statFormat = '%f %u %g %s %Y %X %Z %i %h %d %b %o$nl%U$nl%G';

/** A path, as a word of sh, that stat_block may find already looked at: the variable that holds what was seen. */
export function statKey(path: string): string {
  return `rcdeploy_${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

/**
 * sh that stats the paths (words of sh) for all reads of a message in one process. What it does not find, each stat_block looks at
 * by itself. Split by the shell into fields, since to cut long texts takes a shell time by the square of their length.
 */
export function statAhead(paths: readonly string[]): string {
  const plain = paths.filter((path) => !path.includes('\n'));
  const kept = plain.map((path) => `[ "$1" != "@"${path} ] || { ${statKey(path)}="$1$nl$2$nl$3$nl$4"; shift 4; }\n`);
  return `nl='
'
stats=$(stat -c "@%n$nl${statFormat}" -- ${plain.join(' ')} 2>/dev/null)
set -f; old=$IFS; IFS=$nl; set -- $stats; IFS=$old; set +f
${kept.join('')}set --`;
}

/**
 * sh functions for reads. `stat_block PATH [-L] [KEY]` prints three lines (numbers, user, group, all `-` when nothing is there) and
 * leaves the names in U and G; `followed_block PATH` prints what a link leads to, or `=` for what is no link. Only formats that
 * BusyBox 1.30 has; names get lines of their own since they may hold spaces.
 */
export const statFunctions = `nl='
'
stat_block() {
  if [ -e "$1" ] || { [ -L "$1" ] && [ -z "\${2-}" ]; }; then
    s=
    [ -z "\${3-}" ] || eval "s=\\\${$3-}"
    case $s in
      "@$1$nl"*) s=\${s#"@$1$nl"} ;;
      *) s=$(stat \${2-} -c "${statFormat}" -- "$1") || exit ;;
    esac
  else s="-$nl-$nl-"; fi
  printf '%s\\n' "$s"
  U=\${s#*"$nl"} G=\${U#*"$nl"} U=\${U%%"$nl"*}
}
followed_block() { if [ -L "$1" ]; then stat_block "$1" -L; else echo =; fi; }
`;

const kinds: ReadonlyMap<number, PathKind> = new Map([
  [0o140000, 'socket'],
  [0o120000, 'link'],
  [0o100000, 'file'],
  [0o060000, 'block'],
  [0o040000, 'directory'],
  [0o020000, 'character'],
  [0o010000, 'fifo'],
]);

/** The kind in a raw mode, as `stat -c %f` prints it in hexadecimal. */
export function kindOfRawMode(raw: number): PathKind {
  return kinds.get(raw & 0o170000) ?? 'file';
}

/** Reads one followed_block; `own` is what the path itself is. */
export function parseFollowedBlock(lines: ReplyLines, own: PathState | undefined): PathState | undefined {
  const first = lines.next();
  return first === '=' ? own : parseBlock(first, lines);
}

/** Reads one stat_block. */
export function parseStatBlock(lines: ReplyLines): PathState | undefined {
  return parseBlock(lines.next(), lines);
}

function parseBlock(first: string, lines: ReplyLines): PathState | undefined {
  const [mode = '-', ...numbers] = first.split(' ');
  const owner = lines.next();
  const group = lines.next();
  if (mode === '-') return undefined;
  return stateOf(mode, numbers, owner, group);
}

/** `mode` is hexadecimal (`stat -c %f`); the numbers come in the order of the format, of which the last may be missing. */
export function stateOf(mode: string, numbers: readonly string[], owner: string, group: string): PathState {
  const raw = Number.parseInt(mode, 16);
  const number = (index: number) => Number(numbers[index] ?? 0);
  return {
    kind: kindOfRawMode(raw),
    bits: raw & 0o7777,
    uid: number(0),
    gid: number(1),
    owner,
    group,
    size: number(2),
    mtime: number(3),
    atime: number(4),
    ctime: number(5),
    inode: number(6),
    links: number(7),
    device: number(8),
    blocks: number(9),
    blockSize: number(10),
  };
}
