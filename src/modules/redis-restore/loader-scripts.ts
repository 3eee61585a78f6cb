import { quote } from '../../sh/quote.ts';

/**
 * A place below a node's own data directory, on the disk that is made for data of that size; `run` names whose it is, for what a run
 * that died has left takes its own place away, up to a second after the next run has begun.
 */
export function workDirectory(dataDir: string, run: string): string {
  return `${dataDir}/.rcdeploy-restore.${run}`;
}

/** A fresh directory of its own, when the disk has room for the file and to spare; what runs before it left is taken away. */
export function prepareScript(dataDir: string, run: string, bytes: number): string {
  const [data, work] = [quote(dataDir), quote(workDirectory(dataDir, run))];
  const kb = Math.ceil((bytes * 1.2) / 1024) + 65536;
  return `umask 077
free=$(df -Pk ${data} | awk 'NR > 1 { print $4; exit }') data=${data}
[ "$free" -ge ${kb} ] || { echo "the disk of $data has $free kB free, ${kb} kB are needed" >&2; exit 1; }
rm -rf ${data}/.rcdeploy-restore* && mkdir ${work} || exit
[ "$(id -u)" != 0 ] || chown --reference=${data} ${work} 2>/dev/null || chown "$(stat -c %u:%g ${data})" ${work}`;
}

export function appendScript(work: string): string {
  return `umask 077; cat >>${quote(`${work}/dump.rdb`)}`;
}

export function digestScript(work: string): string {
  return `sha256sum <${quote(`${work}/dump.rdb`)}`;
}

export function configScript(work: string): string {
  return `umask 077; cat >${quote(`${work}/loader.conf`)}`;
}

/** The server's configuration goes by stdin: it holds the password of the day. */
export function configText(port: number, password: string, tls: readonly string[]): string {
  return `port ${port}
bind 127.0.0.1
requirepass ${password}
dbfilename dump.rdb
dir .
save ""
appendonly no
daemonize no
logfile loader.log
slowlog-log-slower-than -1
${tls.map((line) => `${line}\n`).join('')}`;
}

/**
 * Starts the program of a running node, by its right name, as the owner of the data, and prints the pid. A watcher ends it when this session's shell is gone, and
 * removes everything when the server is. Memory: what the shard had, and some.
 */
export function startScript(work: string, node: { pid: number; executable: string }, memory: number): string {
  const kb = Math.ceil((memory * 1.2) / 1024);
  return `cd ${quote(work)} || exit
exe=$(readlink "/proc/${node.pid}/exe") && [ -x "$exe" ] || exe=${quote(node.executable)}
[ -x "$exe" ] || { echo "the server that runs as pid ${node.pid} cannot be found" >&2; exit 1; }
ln -sf "$exe" redis-server || exit
free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
[ "\${free:-${kb}}" -ge ${kb} ] || { echo "this host has $free kB of memory left, loading the file takes ${kb} kB" >&2; exit 1; }
fields() { read -r line 2>/dev/null <"/proc/$1/stat" || return 1; set -- \${line##*) }; parent=$2 start=\${20}; }
fields $PPID && shell=$parent && fields "$shell" || exit
as=
owner=$(stat -c %U .)
if [ "$(id -u)" = 0 ] && [ "$owner" != root ]; then
  chown "$owner" dump.rdb loader.conf || exit
  ! command -v setpriv >/dev/null || as="setpriv --reuid $owner --regid $(id -g "$owner") --init-groups"
fi
[ -n "$as" ] || [ "$owner" = root ] || [ "$(id -u)" != 0 ] || chown root . dump.rdb loader.conf
setsid $as ./redis-server ./loader.conf </dev/null >loader.out 2>&1 &
pid=$!
setsid /bin/sh -c 'alive() {
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  set -- $2 \${line##*) }
  [ "$2" != Z ] && [ "\${21}" = "$1" ]
}
while kill -0 "$1" 2>/dev/null && alive "$2" "$3"; do sleep 1; done
kill -KILL "$1" 2>/dev/null
rm -rf "$4"' sh "$pid" "$shell" "$start" ${quote(work)} </dev/null >/dev/null 2>&1 &
echo "$pid"`;
}

/** Whether the server still runs, and what it wrote last. */
export function stateScript(work: string, pid: string): string {
  return `kill -0 ${quote(pid)} 2>/dev/null && echo runs || echo gone
cd ${quote(work)} 2>/dev/null && tail -n 6 loader.log loader.out 2>/dev/null`;
}

export function removeScript(work: string, pid: string | undefined): string {
  return `${pid === undefined ? '' : `kill -KILL ${quote(pid)} 2>/dev/null\n`}rm -rf ${quote(work)}`;
}
