import { common } from '../../sh/builtin-reads.ts';
import { contained } from '../../sh/contained.ts';
import { quote } from '../../sh/quote.ts';
import { type BuildInfo, directoryName, type Platform, parseBuildInfo } from './build-info.ts';

export interface Installed {
  readonly dir: string;
  readonly info: BuildInfo | undefined;
  /** What `redis-server --version` says there; undefined when it does not run. */
  readonly runs: string | undefined;
}

export interface HostState {
  readonly platform: Platform;
  readonly installed: readonly Installed[];
  /** Where `current` points to, without the prefix. */
  readonly current: string | undefined;
}

/**
 * Print the platform and what is installed below the prefix. A release of a distribution keeps its libc, so that of the current build,
 * which was made for this release and runs, need not be asked after: that takes a program. `libc: 'asked'` asks in any case.
 */
export function readScript(prefix: string, libc: 'recorded' | 'asked' = 'recorded'): string {
  const recorded = `
  [ -z "$said" ] || [ -z "$release" ] || case $info in
    *'"platform":{"os":"'"$id-$release"'","arch":"'"$arch"'","libc":"'*) libc=\${info##*'"libc":"'} libc=\${libc%%'"'*} ;;
  esac`;
  return contained(`p=${quote(prefix)}
id= release=
[ ! -r /etc/os-release ] || while IFS='=' read -r key value; do
  value=\${value#\\"} value=\${value%\\"}
  case $key in ID) id=$value ;; VERSION_ID) release=$value ;; esac
done </etc/os-release
${common('rcdeploy_uname')}
arch=\${rcdeploy_uname##* } current= libc=
for dir in "$p"/*/; do
  dir=\${dir%/}
  [ -L "$dir" ] || [ ! -f "$dir/build.json" ] && continue
  said=$("$dir/bin/redis-server" --version 2>/dev/null) info=
  while IFS= read -r line || [ -n "$line" ]; do info=$info$line; done <"$dir/build.json"
  printf 'dir %s\\nruns %s\\ninfo %s\\n' "\${dir##*/}" "$said" "$info"
  [ "$p/current" -ef "$dir" ] || continue
  current=\${dir##*/}${libc === 'recorded' ? recorded : ''}
done 2>/dev/null
if [ -z "$libc" ]; then
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) && libc=\${libc% *}-\${libc##* } ||
    libc=$(ldd --version 2>&1 | sed -n '1s/.*musl.*/musl/p;2s/^Version /musl-/p' | tail -n 1)
fi
printf 'os %s\\nlibc %s\\narch %s\\n' "$id-$release" "$libc" "$arch"
[ ! -L "$p/current" ] || { [ "$current" ] && printf 'current %s\\n' "$current"; } || { printf 'current '; readlink "$p/current"; }
true`);
}

export function parseHostState(stdout: string): HostState {
  const fields: Record<string, string> = {};
  const installed: { dir: string; info: BuildInfo | undefined; runs: string | undefined }[] = [];
  for (const line of stdout.split('\n')) {
    const [, word = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    const last = installed.at(-1);
    if (word === 'dir') {
      installed.push({ dir: rest, info: undefined, runs: undefined });
    } else if (word === 'runs' && last) {
      last.runs = / v=(\S+)/.exec(rest)?.[1];
    } else if (word === 'info' && last) {
      last.info = parseBuildInfo(rest);
    } else {
      fields[word] = rest;
    }
  }
  const { os = '', arch = '', libc = '', current } = fields;
  return { platform: { os, arch, libc }, installed, current: current?.replace(/^.*\//, '') };
}

/** Fails when the prefix could not be made or written; makes nothing. Asked before a build takes its minutes. */
export function writableScript(prefix: string): string {
  return `d=${quote(prefix)}
while [ ! -e "$d" ]; do d=$(dirname -- "$d"); done
[ -d "$d" ] && [ -w "$d" ] && exit 0
printf '%s may not write in %s\\n' "$(id -un)" "$d" >&2
exit 1`;
}

/**
 * Unpack the archive on stdin beside the final directory, run the server in it, and only then give it its name. An older
 * build of the same version makes way in the same moment; a server that runs from it keeps its open file. With SELinux, what was renamed
 * gets the label of its new place.
 */
export function installScript(prefix: string, info: BuildInfo, sha256: string): string {
  const { version } = info;
  const name = directoryName(info);
  const dir = quote(`${prefix}/${name}`);
  return `umask 022
mkdir -p ${quote(prefix)} && cd ${quote(prefix)} || exit 1
rm -rf .new.${quote(name)}.* .old.${quote(name)}.*
new=$(mktemp -d ${quote(`${prefix}/.new.${name}.XXXXXX`)}) || exit 1
trap 'rm -rf "$new"' EXIT
cat >"$new/archive.tar.gz" || exit 1
[ "$(sha256sum <"$new/archive.tar.gz" | cut -d' ' -f1)" = ${sha256} ] || { echo "the archive arrived damaged" >&2; exit 1; }
gzip -dc "$new/archive.tar.gz" | tar -xf - -C "$new" || exit 1
rm -f "$new/archive.tar.gz"
printf '%s' ${quote(JSON.stringify(info))} >"$new/build.json"
[ "$(id -u)" != 0 ] || chown -R 0:0 "$new"
chmod 755 "$new"
said=$("$new/bin/redis-server" --version 2>&1) || { printf 'it does not run here: %s\\n' "$said" >&2; exit 1; }
case $said in *" v=${version} "*) ;; *) printf 'it says: %s\\n' "$said" >&2; exit 1 ;; esac
[ ! -e ${dir} ] || mv ${dir} "$new.old" || exit 1
mv "$new" ${dir} || exit 1
[ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null 2>&1 || restorecon -R ${dir}
rm -rf "$new.old"`;
}

/** Point `current` at an installed version's directory, in one step. `mv -T` is not everywhere; without it the link is replaced in two. */
export function linkScript(prefix: string, dir: string): string {
  return `cd ${quote(prefix)} || exit 1
rm -f .current.new && ln -s ${quote(dir)} .current.new || exit 1
mv -T -f .current.new current 2>/dev/null && exit 0
rm -f current && mv .current.new current`;
}
