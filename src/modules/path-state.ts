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

/**
 * sh functions for reads. `stat_block PATH [-L]` prints three lines (numbers, user, group, all `-` when nothing is there) and
 * leaves the names in U and G; `followed_block PATH` prints what a link leads to, or `=` for what is no link. Only formats that BusyBox 1.30 has; names get lines of their own since they may hold spaces.
 */
export const statFunctions = `nl='
'
stat_block() {
  if [ -e "$1" ] || { [ -L "$1" ] && [ -z "\${2-}" ]; }; then
    s=$(stat \${2-} -c "%f %u %g %s %Y %X %Z %i %h %d %b %o$nl%U$nl%G" -- "$1") || exit
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
