import { createHash } from 'node:crypto';
import { quote, quoteAll } from '../../sh/quote.ts';
import { parentOf, pathWord } from '../host-path.ts';
import { type PathState, stateOf } from '../path-state.ts';
import type { ReplyLines } from '../reply-lines.ts';
import type { SyncOptions } from './options.ts';
import type { Source } from './source.ts';

export interface HostPath {
  readonly state: PathState;
  /** sha256 of a file that was asked for, target of a link. */
  readonly value: string;
}

/** What the host has where the source shall be. */
export interface HostState {
  /** Where the transfer goes, with the home directory filled in; empty name: the source's own. */
  readonly base: string;
  readonly name: string;
  readonly baseKind: 'directory' | 'missing' | 'other';
  readonly parentExists: boolean;
  readonly umask: number;
  readonly uid: number;
  readonly gid: number;
  /** Groups that the task's user may give. */
  readonly groups: ReadonlySet<number>;
  /** Numbers of the source's users and groups here; without those that are unknown. */
  readonly users: ReadonlyMap<string, number>;
  readonly groupIds: ReadonlyMap<string, number>;
  readonly paths: ReadonlyMap<string, HostPath>;
  /** There is more than can be compared. */
  readonly cut: boolean;
}

/** Bytes of the listing for `delete`; a reply holds twice as much. */
const listingLimit = 4 * 1024 * 1024;

/** Where new content waits on the host, within `dest`; the same each time, so that what a killed run left is found. */
export function workName(dest: string): string {
  return `.rcdeploy-synchronize-${createHash('sha256').update(dest).digest('hex').slice(0, 12)}`;
}

/** Words in lines that are no longer than a command may be. */
export function chunks(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (let start = 0; start < words.length; start += 200) lines.push(quoteAll(words.slice(start, start + 200)));
  return lines;
}

/** No path of find's has two slashes in a row, so they part a name, which may hold newlines, from what follows. */
const statWords = `stat -c '%n//%f %u %g %s %Y'`;

/** Looks at the paths of the source only, or with `delete` at all there is. One process for hundreds of paths, but for links and digests. */
export function readScript(dest: string, source: Source, options: SyncOptions): string {
  const { entries } = source;
  const of = (kind: string) => entries.filter((entry) => entry.kind === kind).map(({ path }) => `./${path}`);
  const tops = [...new Set(entries.map(({ path }) => (path === '.' ? '.' : `./${path.split('/')[0]}`)))];
  const listing = options.delete
    ? [
        `find ${quoteAll(tops.includes('.') ? ['.'] : tops)} -exec ${statWords} {} + 2>/dev/null | head -c ${listingLimit}`,
      ]
    : chunks(entries.map(({ path }) => (path === '.' ? '.' : `./${path}`))).map(
        (line) => `${statWords} -- ${line} 2>/dev/null`,
      );
  const links = chunks(of('link')).map(
    (line) => `for p in ${line}; do [ ! -L "$p" ] || { printf '%s//' "$p"; readlink -n -- "$p"; printf '\\0'; }; done`,
  );
  const digests = chunks(of('file')).map(
    (line) => `for p in ${line}; do
  [ ! -f "$p" ] || [ -L "$p" ] || { h=$(sha256sum < "$p") && printf '%s//%s\\0' "$p" "\${h%% *}"; }
done`,
  );
  return `${placeLines(dest, source)}
printf '%s\\0%s\\0' "$d" "$n"
if [ -d "$d" ]; then k=directory; elif [ -e "$d" ] || [ -L "$d" ]; then k=other; else k=missing; fi
t=\${d%/}
case $t in */*) u=\${t%/*}/ ;; *) u=. ;; esac
[ -d "$u" ] && e=y || e=n
echo "$k $e $(umask) $(id -u) $(id -g)"
id -G
${idLines(
  entries.map(({ user }) => user),
  (name) => `id -u -- ${name}`,
)}
${idLines(
  entries.map(({ group }) => group),
  (name) => `{ getent group ${name} || grep -- ^${name}: /etc/group; } | cut -d: -f3 | head -n 1`,
)}
cd -- "$d" 2>/dev/null || exit 0
${singleStart(source)}${listing.join('\n')}
printf '//\\n'
${links.join('\n')}
printf '//\\0'
${options.byContent ? digests.join('\n') : ''}
:
`;
}

/** A single file goes into a directory under its own name, else `dest` is its name. */
function placeLines(dest: string, source: Source): string {
  const word = pathWord(dest);
  if (!source.single || dest.endsWith('/')) return `d=${word} n=`;
  const parent = pathWord(parentOf(dest));
  return `d=${word} n=\nif [ ! -d "$d" ]; then n=\${d##*/} d=${parent}; fi`;
}

/** The name of a single file is known only here. */
function singleStart(source: Source): string {
  const [entry] = source.entries;
  if (!source.single || entry === undefined) return '';
  return `if [ -n "$n" ]; then
  p=./$n
  ${statWords} -- "$p" 2>/dev/null
  printf '//\\n'
  [ ! -L "$p" ] || { printf '%s//' "$p"; readlink -n -- "$p"; printf '\\0'; }
  printf '//\\0'
  [ ! -f "$p" ] || [ -L "$p" ] || { h=$(sha256sum < "$p") && printf '%s//%s\\0' "$p" "\${h%% *}"; }
  exit 0
fi
`;
}

/** One line: a number for each name, `-` for one that is not known. */
function idLines(names: readonly string[], lookup: (word: string) => string): string {
  const asked = askedNames(names);
  return `${asked.map((name) => `x=$(${lookup(quote(name))} 2>/dev/null); printf '%s ' "\${x:--}"\n`).join('')}echo`;
}

const askedNames = (names: readonly string[]) => [...new Set(names)].filter((name) => name !== '');

export function parseHostState(lines: ReplyLines, source: Source, options: SyncOptions): HostState {
  const base = lines.field().replace(/(.)\/+$/, '$1');
  const name = lines.field();
  const [baseKind = 'missing', parent, umask = '', uid = '', gid = ''] = lines.next().split(' ');
  const groups = new Set(lines.next().trim().split(' ').map(Number));
  const users = idsOf(
    source.entries.map(({ user }) => user),
    lines.next(),
  );
  const groupIds = idsOf(
    source.entries.map(({ group }) => group),
    lines.next(),
  );
  const [listed = '', ...rest] = lines.rest().split(/(?<=^|\n)\/\/\n/);
  const values = valuesOf(rest.join('//\n'));
  const paths = new Map<string, HostPath>();
  for (const [, path = '', mode = '', numbers = ''] of listed.matchAll(/([\s\S]*?)\/\/([0-9a-f]+) ([\d ]+)\n/g)) {
    const plain = plainPath(path);
    paths.set(plain, { state: stateOf(mode, numbers.split(' '), '', ''), value: values.get(plain) ?? '' });
  }
  return {
    base,
    name,
    baseKind: baseKind as HostState['baseKind'],
    parentExists: parent === 'y',
    umask: Number.parseInt(umask, 8),
    uid: Number(uid),
    gid: Number(gid),
    groups,
    users,
    groupIds,
    paths,
    cut: options.delete && Buffer.byteLength(listed) >= listingLimit,
  };
}

function idsOf(names: readonly string[], line: string): Map<string, number> {
  const ids = line.trim().split(' ');
  const known = askedNames(names).map((name, index) => [name, Number(ids[index])] as const);
  return new Map(known.filter(([, id]) => Number.isInteger(id)));
}

/** Records of links and then of files: a path, two slashes, the value, NUL. */
function valuesOf(text: string): Map<string, string> {
  const records = text.split('\0').filter((record) => record !== '//' && record.includes('//'));
  return new Map(
    records.map((record) => {
      const end = record.indexOf('//');
      return [plainPath(record.slice(0, end)), record.slice(end + 2)] as const;
    }),
  );
}

const plainPath = (path: string) => path.replace(/^\.\//, '');
