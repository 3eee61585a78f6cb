import { common, READ_EUID, TEXTS_FUNCTION } from '../../sh/builtin-reads.ts';
import { contained } from '../../sh/contained.ts';
import { quote } from '../../sh/quote.ts';
import type { Reply } from '../../transport/contract.ts';
import { type Firewall, firewallOf, firewallScript } from './firewall.ts';
import { takenPortsScript } from './taken-ports.ts';

export interface HostFacts {
  readonly isRoot: boolean;
  /** Kernel settings by sysctl name, and `thp` for transparent huge pages; absent when unreadable. */
  readonly kernel: Readonly<Record<string, string>>;
  /** Settings whose file this user may write. */
  readonly writable: ReadonlySet<string>;
  /** Texts of our files for the next boot or login, by path. */
  readonly persisted: ReadonlyMap<string, string>;
  /** Logins read limits from files of a directory. */
  readonly hasLimitsDir: boolean;
  readonly openFiles: number;
  readonly freeMb: number | undefined;
  readonly availableMb: number | undefined;
  readonly swapMb: number | undefined;
  readonly firewall: Firewall | undefined;
  /** Seconds that the host's clock is ahead of the control machine's. */
  readonly clockOffset: number;
  /** Listeners on wanted ports that are no Redis. */
  readonly taken: readonly string[];
  /** Active units of a Redis that came with the distribution. */
  readonly foreignUnits: readonly string[];
}

export const sysctlFile = '/etc/sysctl.d/60-rcdeploy-redis.conf';
export const tmpfilesFile = '/etc/tmpfiles.d/rcdeploy-redis.conf';
export const limitsFile = '/etc/security/limits.d/60-rcdeploy-redis.conf';

export const kernelFiles: Readonly<Record<string, string>> = {
  'vm.overcommit_memory': '/proc/sys/vm/overcommit_memory',
  'net.core.somaxconn': '/proc/sys/net/core/somaxconn',
  thp: '/sys/kernel/mm/transparent_hugepage/enabled',
};

/** Reads in the shell itself where it can: this script runs at every look at a host, and each process costs about a millisecond. */
export function hostFactsScript(ports: readonly number[], dataDir: string): string {
  const files = Object.values(kernelFiles);
  const writable = Object.entries(kernelFiles).map(([name, file]) => `[ ! -w ${file} ] || echo writable ${name}`);
  // Not by the shell's read: it asks for one byte at a time, and files of /proc/sys end after the first.
  return contained(`${TEXTS_FUNCTION}
${READ_EUID}
[ "$euid" != 0 ] || echo root
set --
for file in ${files.join(' ')}; do [ ! -r "$file" ] || set -- "$@" "$file"; done
texts "$@" /dev/null 2>/dev/null
${writable.join('\n')}
[ ! -d ${limitsFile.replace(/\/[^/]*$/, '')} ] || echo limits_dir
for file in ${sysctlFile} ${tmpfilesFile} ${limitsFile}; do
  [ -r "$file" ] || continue
  echo "persisted $file"; line=
  while IFS= read -r line; do printf 'persisted %s %s\\n' "$file" "$line"; done <"$file"
  [ -z "$line" ] || printf 'unended %s %s\\n' "$file" "$line"
done
printf 'open_files '; ulimit -Hn
dir=${quote(dataDir)}
while [ ! -d "$dir" ] && [ "$dir" != / ] && [ -n "$dir" ]; do dir=\${dir%/*}; done
space=$(df -Pk "\${dir:-/}" 2>/dev/null)
set -f; set -- \${space#*"
"}; set +f
case \${4:-0} in *[!0-9]*) ;; *) echo "free $((\${4:-0} / 1024))" ;; esac
while read -r key value unit; do
  case $key in
    MemAvailable:) echo "memory $((value / 1024))" ;;
    SwapTotal:) echo "swap $((value / 1024))"; break ;;
  esac
done </proc/meminfo
${common('rcdeploy_date')}
set -f; set -- $rcdeploy_date; set +f
echo "clock $7"
[ ! -d /run/systemd/system ] || systemctl show -p Id -p ActiveState redis redis-server valkey valkey-server 2>/dev/null
${firewallScript}
${takenPortsScript(ports, dataDir)}
true`);
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
  const texts = new Map<string, string>();
  for (const [, word, rest = ''] of lines) {
    if (word !== 'persisted' && word !== 'unended') continue;
    const [, file = '', text] = /^(\S+)(?: (.*))?$/.exec(rest) ?? [];
    const line = text === undefined ? '' : word === 'unended' ? text : `${text}\n`;
    texts.set(file, (texts.get(file) ?? '') + line);
  }
  return {
    isRoot: lines.some((line) => line[1] === 'root'),
    kernel: kernelValues(stdout),
    writable: new Set(all('writable')),
    persisted: texts,
    hasLimitsDir: lines.some((line) => line[1] === 'limits_dir'),
    openFiles: number('open_files') ?? Number.POSITIVE_INFINITY,
    freeMb: number('free'),
    availableMb: number('memory'),
    swapMb: number('swap'),
    firewall: firewallOf(all),
    clockOffset: Math.round((number('clock') ?? now / 1000) - now / 1000),
    taken: all('taken'),
    foreignUnits: activeUnits(stdout),
  };
}

/** Of lines `==> FILE <==`, each with the value below it; `always [madvise] never` stands for `madvise`. */
function kernelValues(stdout: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, file] of Object.entries(kernelFiles)) {
    const [text = ''] = stdout.split(`==> ${file} <==\n`)[1]?.split('\n', 1) ?? [];
    if (text === '') continue;
    values[name] = /\[(.*?)\]/.exec(text)?.[1] ?? text;
  }
  return values;
}
