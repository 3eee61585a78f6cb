import { quote, quoteAll } from '../../sh/quote.ts';

/** Free space that a build needs, in kilobytes (Redis 7.4 takes 140 MB while it is built, 8 about twice that). */
const neededKb = 400_000;

/**
 * A shell function that removes build directories of ours in a place whose shell is gone. One whose shell still runs is of a
 * killed run (the host is locked) and is ended first; one of this very shell is of an earlier try in the same run.
 */
const sweepFunction = `sweep() {
  for old in "$1"/rcdeploy-build.*; do
    [ -d "$old" ] && [ -O "$old" ] || continue
    read -r pid start 2>/dev/null <"$old/pid" || pid=
    if [ -n "$pid" ] && [ "$pid" != $$ ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ]; then
      group=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f3)
      kill -TERM -- "-$group" 2>/dev/null; kill -TERM "$pid" 2>/dev/null
    fi
    rm -rf "$old"
  done
}`;

/** Remove what a killed build left in these places. */
export function sweepScript(places: readonly string[]): string {
  return `${sweepFunction}\nfor place in ${quoteAll(places)}; do sweep "$place"; done`;
}

/** Print a new private build directory: the first place with room where a program may run. */
export function makeDirectoryScript(places: readonly string[]): string {
  return `${sweepFunction}
umask 077
why=
for place in ${quoteAll(places)}; do
  mkdir -p "$place" 2>/dev/null || { why="$why $place: cannot be created;"; continue; }
  sweep "$place"
  free=$(df -Pk "$place" 2>/dev/null | awk 'NR==2 {print $4}')
  [ "\${free:-0}" -ge ${neededKb} ] || { why="$why $place: \${free:-0} kB free, ${neededKb} needed;"; continue; }
  dir=$(mktemp -d "$place/rcdeploy-build.XXXXXX" 2>/dev/null) || { why="$why $place: not writable;"; continue; }
  printf '#!/bin/sh\\nexit 0\\n' >"$dir/try" && chmod 700 "$dir/try"
  if "$dir/try" 2>/dev/null; then rm -f "$dir/try"; printf '%s\\n' "$dir"; exit 0; fi
  rm -rf "$dir"; why="$why $place: programs may not run there (noexec);"
done
printf 'no directory to build in:%s\\n' "$why" >&2
exit 1`;
}

/** What the source asks for, beside a compiler: patches to be applied, and a tarball in another format than gzip's. */
export interface SourceNeeds {
  readonly patch: boolean;
  readonly xz: boolean;
}

/** Commands that a build needs and the host lacks, one per line. */
export function missingToolsScript(needs: SourceNeeds, makeArgs: readonly string[]): string {
  const headers = [
    makeArgs.includes('BUILD_TLS=yes') ? 'openssl/ssl.h' : undefined,
    makeArgs.includes('USE_SYSTEMD=yes') ? 'systemd/sd-daemon.h' : undefined,
  ].filter((header) => header !== undefined);
  return `for tool in make tar gzip ${needs.patch ? 'patch' : ''} ${needs.xz ? 'xz' : ''} ${headers.length ? 'pkg-config' : ''}; do
  command -v "$tool" >/dev/null 2>&1 || echo "$tool"
done
if cc=$(command -v cc || command -v gcc); then
  for header in stdlib.h ${headers.join(' ')}; do
    echo "#include <$header>" | "$cc" -E -x c - >/dev/null 2>&1 || echo "$header"
  done
else
  echo cc
fi`;
}

/** Install what a build needs with the host's package manager, waiting up to five minutes for its lock. */
export const installToolsScript = `[ "$(id -u)" = 0 ] || { echo "not root: use become, or install them by hand" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null; then
  apt='apt-get -qq -y -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false'
  $apt install $debian >/dev/null || { $apt update >/dev/null && $apt install $debian >/dev/null; }
elif command -v dnf >/dev/null; then dnf -q -y install $redhat
elif command -v yum >/dev/null; then yum -q -y install $redhat
elif command -v zypper >/dev/null; then zypper -q -n install $redhat
elif command -v apk >/dev/null; then apk add -q $alpine
else echo "no package manager that is known here (apt-get, dnf, yum, zypper, apk)" >&2; exit 1
fi`;

/** Variables for installToolsScript: package names by family. */
export function toolPackages(needs: SourceNeeds, makeArgs: readonly string[]): string {
  const debian = ['gcc', 'libc6-dev', 'make', 'gzip', 'tar'];
  const redhat = ['gcc', 'glibc-devel', 'make', 'gzip', 'tar'];
  const alpine = ['gcc', 'musl-dev', 'linux-headers', 'make', 'tar'];
  const add = (ofDebian: string, ofRedhat: string, ofAlpine: string) => {
    debian.push(ofDebian);
    redhat.push(ofRedhat);
    alpine.push(ofAlpine);
  };
  if (needs.patch) {
    add('patch', 'patch', 'patch');
  }
  if (needs.xz) {
    add('xz-utils', 'xz', 'xz');
  }
  if (makeArgs.includes('BUILD_TLS=yes')) {
    add('libssl-dev', 'openssl-devel', 'openssl-dev');
  }
  if (makeArgs.includes('USE_SYSTEMD=yes')) {
    add('libsystemd-dev', 'systemd-devel', 'elogind-dev');
  }
  if (makeArgs.includes('BUILD_TLS=yes') || makeArgs.includes('USE_SYSTEMD=yes')) {
    add('pkg-config', 'pkgconf-pkg-config', 'pkgconf');
  }
  return `debian=${quote(debian.join(' '))} redhat=${quote(redhat.join(' '))} alpine=${quote(alpine.join(' '))}`;
}

export interface CompileOptions {
  readonly dir: string;
  readonly makeArgs: readonly string[];
  /** Parallel jobs; 0: one for each processor. */
  readonly jobs: number;
}

/**
 * Unpack `source-0` (the tarball), apply the Debian patch series of `source-1` when there is one, compile and install into
 * `stage/bin`. Left out are patches that switch to the distribution's own libraries (USE_SYSTEM_JEMALLOC does not link without
 * it). Prints a line for each compiled file; the compiler's own words go to `log`, whose end is printed on failure.
 */
export function compileScript(options: CompileOptions): string {
  const jobs = options.jobs > 0 ? String(options.jobs) : '$(nproc 2>/dev/null || grep -c ^processor /proc/cpuinfo)';
  return `umask 022
cd ${quote(options.dir)} || exit 1
printf '%s %s\\n' "$$" "$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20)" >pid
failed() { echo "$1" >&2; tail -n 30 log >&2; exit 1; }
: >log
mkdir -p tree stage
tar -xf source-0 -C tree >>log 2>&1 || failed "the tarball could not be unpacked"
set -- tree/*
[ $# -eq 1 ] && [ -d "$1" ] || failed "the tarball does not hold one directory"
cd "$1" || exit 1
if [ -f ../../source-1 ]; then
  tar -xf ../../source-1 >>../../log 2>&1 || (cd ../..; failed "the distribution's patches could not be unpacked") || exit 1
  grep -v '^#' debian/patches/series | while read -r name rest; do
    [ -z "$name" ] || grep -q USE_SYSTEM_ "debian/patches/$name" || patch -s -p1 -f <"debian/patches/$name" >>../../log 2>&1 || { echo "$name" >../../bad-patch; break; }
  done
fi
top=$PWD
cd ../.. || exit 1
[ ! -f bad-patch ] || failed "the distribution's patch $(cat bad-patch) does not apply"
{ make -C "$top" -j${jobs} ${quoteAll(options.makeArgs)} 2>&1; echo $? >rc; } </dev/null | while IFS= read -r line; do
  printf '%s\\n' "$line" >>log
  case $line in *CC*.o*|*gcc*-c*|*cc\\ *-c*) echo CC ;; esac
done
[ "$(cat rc)" = 0 ] || failed "make failed"
make -C "$top" ${quoteAll(options.makeArgs)} PREFIX="$PWD/stage" install >>log 2>&1 </dev/null || failed "make install failed"
if command -v strip >/dev/null; then
  for file in stage/bin/*; do [ -L "$file" ] || strip -g "$file" 2>/dev/null; done
fi
for name in server cli; do
  [ -e stage/bin/redis-$name ] || ln -s valkey-$name stage/bin/redis-$name
done
stage/bin/redis-server --version | sed -n 's/.* v=\\([^ ]*\\).*/version \\1/p'
grep -q 'libsystemd[.]so' stage/bin/redis-server && echo systemd
grep -q 'libssl[.]so' stage/bin/redis-server && echo tls
true`;
}

/**
 * Ask a throw-away server on a unix socket what it can be told: first the values (name and value on alternate lines), then,
 * after a line `--`, its answer when each is set to what it already is, which tells what can be changed at run time.
 */
export function directivesScript(dir: string, bin: string): string {
  return `cd ${quote(dir)} || exit 1
rm -rf ask && mkdir ask || exit 1
server=${quote(bin)}/redis-server cli=${quote(bin)}/redis-cli
"$server" --port 0 --unixsocket "$PWD/ask/s" --daemonize no --save '' --appendonly no --dir "$PWD/ask" --logfile "$PWD/ask/log" </dev/null >/dev/null 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf ask' EXIT
tries=0
until [ "$("$cli" -s ask/s PING 2>/dev/null)" = PONG ]; do
  tries=$((tries + 1))
  kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ] || { cat ask/log >&2; exit 1; }
  sleep 0.1 2>/dev/null || sleep 1
done
"$cli" -s ask/s CONFIG GET '*' >ask/values || exit 1
cat ask/values
echo --
awk 'NR % 2 { name = $0; next }
  name !~ /^(slaveof|replicaof|masterauth|requirepass|bind|port|unixsocket|dir|logfile)$/ {
    gsub(/["\\\\]/, "\\\\\\\\&"); printf "ECHO rcdeploy:%s\\nCONFIG SET \\"%s\\" \\"%s\\"\\n", name, name, $0 }' ask/values |
  "$cli" -s ask/s 2>&1
true`;
}

/** Pack `stage` and say how large the archive is. */
export function packScript(dir: string): string {
  return `cd ${quote(dir)} && tar -C stage -cf archive.tar bin build.json directives.json && gzip -f archive.tar && wc -c <archive.tar.gz && sha256sum archive.tar.gz`;
}

/** One piece of the archive as base64 (replies are text). */
export function readPieceScript(dir: string, index: number, pieceKb: number): string {
  return `cd ${quote(dir)} && dd if=archive.tar.gz bs=1024 skip=${index * pieceKb} count=${pieceKb} 2>/dev/null | base64`;
}
