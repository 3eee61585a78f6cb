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

/** Reads in the shell itself where it can: this script runs at every look at a host, and each process costs about a millisecond. */
export function hostFactsScript(ports: readonly number[], dataDir: string): string {
  const kernel = Object.entries(kernelFiles).map(
    ([name, file]) =>
      // Not by the shell's read: it asks for one byte at a time, and files of /proc/sys end after the first.
      `[ ! -r ${file} ] || { printf 'kernel ${name} '; cat ${file}; }; [ ! -w ${file} ] || echo writable ${name}`,
  );
  return `[ "$(id -u)" != 0 ] || echo root
${kernel.join('\n')}
for file in ${sysctlFile} ${tmpfilesFile}; do
  [ ! -r "$file" ] || echo "persisted $file $(base64 <"$file" | tr -d '\\n')"
done
printf 'open_files '; ulimit -Hn
dir=${quote(dataDir)}
while [ ! -d "$dir" ] && [ "$dir" != / ] && [ -n "$dir" ]; do dir=\${dir%/*}; done
df -Pk "\${dir:-/}" 2>/dev/null | { read -r head; read -r device size used free rest; echo "free $((\${free:-0} / 1024))"; }
while read -r key value unit; do
  [ "$key" != MemAvailable: ] || { echo "memory $((value / 1024))"; break; }
done </proc/meminfo
printf 'clock '; date +%s
[ ! -d /run/systemd/system ] || systemctl show -p Id -p ActiveState redis redis-server valkey valkey-server 2>/dev/null
${takenPortsScript(ports)}
true`;
}

/** Names who listens on the ports, unless it is a Redis that no unit of the distribution runs. */
function takenPortsScript(ports: readonly number[]): string {
  const wanted = ports.map((port) => `${port.toString(16).toUpperCase().padStart(4, '0')}=${port}`).join(' ');
  return `inodes=$(awk -v wanted='${wanted}' '
  BEGIN { n = split(wanted, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], part, "="); port[part[1]] = part[2] } }
  $4 == "0A" { hex = substr($2, length($2) - 3); if (hex in port) { print port[hex] "=" $10; delete port[hex] } }
' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ -z "$inodes" ] || ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v wanted="$(echo $inodes)" '
  BEGIN { n = split(wanted, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], part, "="); port["socket:[" part[2] "]"] = part[1] } }
  /^\\/proc/ { split($1, part, "/"); pid = part[3] }
  ($NF in port) && !(port[$NF] in told) { told[port[$NF]] = 1; print port[$NF], pid }' |
while read -r port pid; do
  unit=
  while IFS= read -r line; do
    case $line in
      */redis.service|*/redis-server.service|*/valkey.service|*/valkey-server.service) unit=\${line##*/} ;;
    esac
  done <"/proc/$pid/cgroup"
  case $unit:$(readlink "/proc/$pid/exe") in
    :*/redis-server*|:*/valkey-server*|:*/redis-check-*) ;;
    ?*:*) echo "taken $port by pid $pid of the distribution's $unit (systemctl disable --now $unit ends it)" ;;
    *) echo "taken $port by pid $pid ($(tr '\\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100 | sed 's/ *$//'))" ;;
  esac
done 2>/dev/null`;
}

/** Of `systemctl show -p Id -p ActiveState`: names with aliases come under the same Id. */
function activeUnits(stdout: string): string[] {
  const blocks = stdout.split('\n\n').filter((block) => /^ActiveState=active$/m.test(block));
  return [...new Set(blocks.flatMap((block) => /^Id=(.+)$/m.exec(block)?.[1] ?? []))];
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
    foreignUnits: activeUnits(stdout),
  };
}

/** `always [madvise] never` stands for `madvise`. */
function kernelValue(line: string): [string, string] {
  const [name = '', ...words] = line.split(' ');
  return [name, words.find((word) => word.startsWith('['))?.slice(1, -1) ?? words.join(' ')];
}
