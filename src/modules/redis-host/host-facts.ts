import { quote } from '../../sh/quote.ts';
import type { Reply } from '../../transport/contract.ts';

export interface HostFacts {
  readonly isRoot: boolean;
  /** Kernel settings by sysctl name, and `thp` for transparent huge pages; absent when unreadable. */
  readonly kernel: Readonly<Record<string, string>>;
  /** Settings whose file this user may write. */
  readonly writable: ReadonlySet<string>;
  readonly persisted: { readonly sysctl: string | undefined; readonly tmpfiles: string | undefined };
  readonly openFiles: number;
  readonly freeMb: number | undefined;
  readonly availableMb: number | undefined;
  /** Seconds that the host's clock is ahead of the control machine's. */
  readonly clockOffset: number;
  /** Listeners on wanted ports that are no Redis. */
  readonly taken: readonly string[];
  /** Active units of a Redis that came with the distribution. */
  readonly foreignUnits: readonly string[];
}

export const sysctlFile = '/etc/sysctl.d/60-rcdeploy-redis.conf';
export const tmpfilesFile = '/etc/tmpfiles.d/rcdeploy-redis.conf';

export const kernelFiles: Readonly<Record<string, string>> = {
  'vm.overcommit_memory': '/proc/sys/vm/overcommit_memory',
  'net.core.somaxconn': '/proc/sys/net/core/somaxconn',
  thp: '/sys/kernel/mm/transparent_hugepage/enabled',
};

export function hostFactsScript(ports: readonly number[], dataDir: string): string {
  const kernel = Object.entries(kernelFiles)
    .map(
      ([name, file]) =>
        `[ ! -r ${file} ] || echo "kernel ${name} $(cat ${file})"; [ ! -w ${file} ] || echo writable ${name}`,
    )
    .join('\n');
  return `[ "$(id -u)" != 0 ] || echo root
${kernel}
for file in ${sysctlFile} ${tmpfilesFile}; do
  [ ! -r "$file" ] || echo "persisted $file $(base64 <"$file" | tr -d '\\n')"
done
echo "open_files $(ulimit -Hn)"
dir=${quote(dataDir)}
while [ ! -d "$dir" ] && [ "$dir" != / ] && [ -n "$dir" ]; do dir=\${dir%/*}; done
echo "free $(df -Pk "\${dir:-/}" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }')"
echo "memory $(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)"
echo "clock $(date +%s)"
[ ! -d /run/systemd/system ] || for unit in redis redis-server valkey valkey-server; do
  systemctl is-active -q "$unit" 2>/dev/null && systemctl show -p Id "$unit" | sed 's/^Id=/unit /'
done | sort -u
inodes=
for port in ${ports.join(' ')}; do
  hex=$(printf '%04X' "$port")
  inode=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == p { print $10; exit }')
  [ -z "$inode" ] || inodes="$inodes $port=$inode"
done
[ -z "$inodes" ] || ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v wanted="$inodes" '
  BEGIN { n = split(wanted, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], part, "="); port["socket:[" part[2] "]"] = part[1] } }
  /^\\/proc/ { split($1, part, "/"); pid = part[3] }
  ($NF in port) && !(port[$NF] in told) { told[port[$NF]] = 1; print port[$NF], pid }' |
while read -r port pid; do
  unit=$(sed -n 's/.*\\/\\(\\(redis\\|valkey\\)\\(-server\\)\\{0,1\\}\\.service\\)$/\\1/p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
  case $unit:$(readlink "/proc/$pid/exe") in
    :*/redis-server*|:*/valkey-server*|:*/redis-check-*) ;;
    ?*:*) echo "taken $port by pid $pid of the distribution's $unit (systemctl disable --now $unit ends it)" ;;
    *) echo "taken $port by pid $pid ($(tr '\\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100 | sed 's/ *$//'))" ;;
  esac
done
true`;
}

export function parseHostFacts({ stdout }: Reply, now: number): HostFacts {
  const lines = stdout.split('\n').map((line) => /^(\S+) ?(.*)$/.exec(line) ?? ['', '', '']);
  const all = (word: string) => lines.filter((line) => line[1] === word).map((line) => line[2] ?? '');
  const number = (word: string) => {
    const text = all(word)[0];
    return text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
  };
  const persisted = new Map(
    all('persisted').map((line) => [line.split(' ')[0], Buffer.from(line.split(' ')[1] ?? '', 'base64').toString()]),
  );
  return {
    isRoot: lines.some((line) => line[1] === 'root'),
    kernel: Object.fromEntries(all('kernel').map((line) => kernelValue(line))),
    writable: new Set(all('writable')),
    persisted: { sysctl: persisted.get(sysctlFile), tmpfiles: persisted.get(tmpfilesFile) },
    openFiles: number('open_files') ?? Number.POSITIVE_INFINITY,
    freeMb: number('free'),
    availableMb: number('memory'),
    clockOffset: Math.round((number('clock') ?? now / 1000) - now / 1000),
    taken: all('taken'),
    foreignUnits: all('unit'),
  };
}

/** `always [madvise] never` stands for `madvise`. */
function kernelValue(line: string): [string, string] {
  const [name = '', ...words] = line.split(' ');
  return [name, words.find((word) => word.startsWith('['))?.slice(1, -1) ?? words.join(' ')];
}
