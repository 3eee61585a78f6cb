import { quote, quoteAll } from '../sh/quote.ts';
import type { UnarchiveArgs } from './generated/unarchive.ts';
import { pathWord } from './host-path.ts';

const compressions: readonly (readonly [RegExp, string])[] = [
  [/\.(?:tar\.gz|tgz)$/i, '-z '],
  [/\.(?:tar\.bz2|tbz2?)$/i, '-j '],
  [/\.(?:tar\.xz|txz)$/i, '-J '],
  [/\.(?:tar\.zst|tzst)$/i, '--zstd '],
];

const isZip = (src: string) => /\.(?:zip|jar|war)$/i.test(src);

export function isZipArchive(args: UnarchiveArgs): boolean {
  return isZip(args.src);
}

function tarOptions(args: UnarchiveArgs): string {
  return compressions.find(([suffix]) => suffix.test(args.src))?.[1] ?? '';
}

/** Lists `$a`. */
export function listScript(args: UnarchiveArgs, archive: string): string {
  return isZip(args.src) ? `unzip -l ${archive}\n` : `tar ${tarOptions(args)}-tvf ${archive}\n`;
}

/**
 * Files of an earlier unpacking, by kind, owner, size and time, in one digest. The record in the directory holds the archive's
 * digest, this digest, and then the names, each ended by NUL.
 */
export const recordFunctions = `listing_digest() { tail -n +3 -- "$1" | xargs -0 stat -c '%f %u %g %s %Y' -- 2>&1 | sha256sum | cut -c1-64; }
`;

/** Unpacks into a directory beside its destination, so that every file gets its name in one step, and then records what was done. */
export function unpackScript(
  args: UnarchiveArgs,
  archive: string,
  directories: readonly string[],
  record: string,
  key: string,
): string {
  const only = args.include.length > 0 ? ` ${quoteAll(args.include)}` : '';
  const options = quoteAll(args.extra_opts);
  const unpack = isZip(args.src)
    ? `unzip -q -o ${options} ${archive} -d "$w"${only}`
    : `tar ${tarOptions(args)}${options} -xf ${archive} -C "$w"${only}`;
  return `d=${pathWord(args.dest)}
cd -- "$d" || exit
real=$(pwd -P)
for p in ${directories.length === 0 ? "''" : quoteAll(directories)}; do
  [ -L "./$p" ] || continue
  case $(readlink -f -- "./$p")/ in "$real"/*) ;; *) echo "$d/$p is a symbolic link that leads out of $d" >&2; exit 1 ;; esac
done
w=$(mktemp -d "$PWD/.rcdeploy-unpack.XXXXXX") || exit
trap 'rm -rf -- "$w"' EXIT
trap 'exit 143' HUP INT TERM
${unpack} || exit
cd -- "$w" || exit
${args.exclude.map(excludeLine).join('')}${attributesLines(args)}find . ! -type d -print0 > "$w.names" || exit
trap 'rm -rf -- "$w" "$w.names"' EXIT
place() {
  for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    t=$2/\${f##*/}
    if [ -d "$f" ] && [ ! -L "$f" ] && [ -d "$t" ]; then place "$f" "$t" || return
    ${args.keep_newer ? 'elif [ "$t" -nt "$f" ]; then :\n    ' : ''}elif [ -d "$t" ] && [ ! -L "$t" ]; then echo "$t is a directory" >&2; return 1
    else [ ! -L "$t" ] || rm -f -- "$t"; mv -f -- "$f" "$t" || return; fi
  done
}
place "$w" "$d" || exit
cd -- "$d" || exit
${recordFunctions}r=${quote(record)}
{ printf '%s\\n\\n' ${key}; cat -- "$w.names"; } > "$w.names.new" || exit
l=$(listing_digest "$w.names.new")
{ printf '%s\\n%s\\n' ${key} "$l"; cat -- "$w.names"; } > "$w.names.new" && mv -f -- "$w.names.new" "$r"
`;
}

/** BusyBox's tar cannot leave names out, so they are removed before anything gets its place. */
function excludeLine(name: string): string {
  return `find . -path ${quote(`./${name.replace(/^\.\//, '').replace(/\/+$/, '')}`)} -prune -exec rm -rf -- {} + || exit\n`;
}

function attributesLines(args: UnarchiveArgs): string {
  const names = `${args.owner ?? ''}${args.group === undefined ? '' : `:${args.group}`}`;
  const below = 'find . -mindepth 1';
  return [
    ...(names === '' ? [] : [`${below} -exec chown -h -- ${quote(names)} {} + || exit\n`]),
    ...(args.mode === undefined ? [] : [`${below} ! -type l -exec chmod -- ${quote(args.mode)} {} + || exit\n`]),
  ].join('');
}
