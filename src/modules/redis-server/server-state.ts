import { splitConfWords } from '../../redis/conf/conf-words.ts';
import type { NodeAnswer, RespValue } from '../../redis/node/contract.ts';
import { JOINED_FUNCTION, READ_EUID } from '../../sh/builtin-reads.ts';
import { contained } from '../../sh/contained.ts';
import { quote } from '../../sh/quote.ts';
import type { ReadAnswer } from '../contract.ts';
import { parseBuildInfo } from '../redis-build/build-info.ts';
import { errorOf, field } from '../redis-config/config-state.ts';
import { nodeRoleScript } from './node-role.ts';
import { type ServerArgs, serverPath, unitName, unitPath } from './server-args.ts';

/** What the process that answers says of itself. */
export interface Running {
  readonly pid: string;
  readonly runId: string;
  readonly configFile: string | undefined;
  readonly version: string | undefined;
  readonly isLoading: boolean;
  readonly loadedBytes: string | undefined;
  /** It knows other nodes of a cluster. */
  readonly inCluster: boolean;
  readonly role: 'master' | 'replica';
  /** A replica whose link is up: its master has all that it has. */
  readonly isCopy: boolean;
  /** Its append-only file could not be written lately. */
  readonly cannotWrite: boolean;
  /** Its keys would be gone after a restart: neither an append-only file nor save points. */
  readonly wouldLoseKeys: boolean;
  readonly hasPassword: boolean;
}

export interface ServerState {
  readonly isRoot: boolean;
  readonly hasSystemd: boolean;
  /** The real path of the installed server. */
  readonly server: string | undefined;
  /** The path that names the installed version and not the link `current`; where the server is a link itself, that link. */
  readonly pinned: string | undefined;
  readonly canNotify: boolean;
  readonly configFound: boolean;
  /** The file or the unit's command line sets a password, or names another file that may, or the file cannot be read. */
  readonly passwordKept: boolean;
  /** Directives of the configuration file that matter here. */
  readonly conf: Readonly<Record<string, string>>;
  /** The real path of the executable of the process that the pid file or the unit names. */
  readonly runningExe: string | undefined;
  readonly roleInFile: 'master' | 'replica' | undefined;
  readonly unit: string | undefined;
  readonly unitEnabled: boolean;
  readonly unitActive: boolean;
  /** Listeners on the client or bus port while the node itself does not answer: port, pid and program. */
  readonly taken: readonly string[];
  readonly node: Running | 'down' | { readonly unknown: string };
}

/** A shell function that prints `PORT by pid PID (PROGRAM)` for each given port that somebody listens on. */
export const listenersFunction = `listeners() {
  for port in "$@"; do
    hex=$(printf '%04X' "$port")
    inode=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == p { print $10; exit }')
    [ -n "$inode" ] || continue
    owner=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v s="socket:[$inode]" '/^\\/proc/ { split($1, part, "/"); pid = part[3] } $NF == s { print pid; exit }')
    if [ -n "$owner" ]; then
      echo "$port by pid $owner ($(tr '\\0' ' ' <"/proc/$owner/cmdline" 2>/dev/null | cut -c1-120 | sed 's/ *$//'))"
    else
      echo "$port by a process of another user"
    fi
  done
}`;

/** Directives that may set a password, themselves or in a file that they name; on a command line, those that are no other program's options. */
const PASSWORD_DIRECTIVES = ['requirepass', 'aclfile', 'include', 'user'];
const PASSWORD_OPTIONS = PASSWORD_DIRECTIVES.slice(0, 2);

/** A shell pattern for the word in any case: so the server reads names of directives. */
function anyCase(word: string): string {
  return word.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

/** Of the unit's command line, which may hold a secret, only is said that it does. */
export function serverReadScript(args: ServerArgs): string {
  const unit = quote(unitName(args));
  return contained(`${listenersFunction}
${JOINED_FUNCTION}
conf=${quote(args.config)} server=${quote(serverPath(args))} unit=${quote(unitPath(args))}
${READ_EUID}
[ "$euid" != 0 ] || echo root
[ ! -d /run/systemd/system ] || echo systemd
real= pinned=
if [ -x "$server" ]; then
  pinned=$(cd -P -- "\${server%/*}" 2>/dev/null && printf '%s/%s' "$PWD" "\${server##*/}")
  [ -L "$server" ] || real=$pinned
  [ "$real" ] || real=$(readlink -f "$server")
  printf 'server %s\\npinned %s\\n' "$real" "$pinned"
fi
build=${quote(args.prefix)}/current/build.json
[ ! -r "$build" ] || { printf 'build '; joined "$build"; echo; }
pidfile=
[ -r "$conf" ] || echo password
[ ! -r "$conf" ] || while IFS= read -r line || [ -n "$line" ]; do
  case $line in [[:blank:]]*) line=\${line#"\${line%%[![:blank:]]*}"} ;; esac
  case $line in
    'pidfile '*) pidfile=\${line#pidfile } pidfile=\${pidfile#\\"} pidfile=\${pidfile%\\"}; printf 'conf %s\\n' "$line" ;;
    ${anyCase('requirepass')}[[:blank:]]'""'|${anyCase('requirepass')}[[:blank:]]"''") ;;
    ${PASSWORD_DIRECTIVES.map((name) => `${anyCase(name)}[[:blank:]]*`).join('|')}) echo password ;;
    'logfile '*|'dir '*|'appendonly '*|'cluster-enabled '*|'unixsocket '*) printf 'conf %s\\n' "$line" ;;
  esac
done <"$conf"
${nodeRoleScript(args)}[ ! -f "$conf" ] || echo found
[ ! -f "$unit" ] || printf 'unit %s\\n' "$(base64 <"$unit" | tr -d '\\n')"
pid=
if [ -d /run/systemd/system ]; then
  shown=$(systemctl show -p MainPID -p ActiveState -p UnitFileState -p ExecStart ${unit} 2>/dev/null)
  case $shown in ${PASSWORD_OPTIONS.map((name) => `*' --'${anyCase(name)}' '*`).join('|')}) echo password ;; esac
  for word in MainPID ActiveState UnitFileState; do
    case $shown in *"$word="*) value=\${shown#*"$word="}; echo "$word=\${value%%[!0-9A-Za-z-]*}" ;; esac
  done
  pid=\${shown#*MainPID=} pid=\${pid%%[!0-9]*}
  [ "$pid" != 0 ] || pid=
fi
[ -n "$pid" ] || [ ! -r "$pidfile" ] || read -r pid <"$pidfile"
if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then
  if [ "$real" ] && [ "$server" -ef "/proc/$pid/exe" ] 2>/dev/null; then printf 'exe %s\\n' "$real"
  else printf 'exe '; readlink "/proc/$pid/exe" 2>/dev/null || echo; fi
else
  listeners ${args.port} ${args.port + 10000 <= 65535 ? args.port + 10000 : ''} | sed 's/^/taken /'
fi
true`);
}

export const serverQuestions: readonly (readonly string[])[] = [
  ['INFO'],
  ['CLUSTER', 'INFO'],
  ['CONFIG', 'GET', 'save'],
  ['CONFIG', 'GET', 'requirepass'],
];

export function parseServerState({ reply, nodes }: ReadAnswer): ServerState {
  const conf: Record<string, string> = {};
  const fields = new Map<string, string>();
  const taken: string[] = [];
  for (const line of reply.stdout.split('\n')) {
    const [, word = '', rest = ''] = /^([^\s=]+)[ =]?(.*)$/.exec(line) ?? [];
    const [, name, value] = word === 'conf' ? (/^(\S+) (.*)$/.exec(rest) ?? []) : [];
    if (name !== undefined && value !== undefined) {
      conf[name] = splitConfWords(value)?.join(' ') ?? value;
    } else if (word === 'taken') {
      taken.push(rest);
    } else {
      fields.set(word, rest);
    }
  }
  const unit = fields.get('unit');
  return {
    isRoot: fields.has('root'),
    hasSystemd: fields.has('systemd'),
    server: fields.get('server') || undefined,
    pinned: fields.get('pinned') || undefined,
    canNotify: parseBuildInfo(fields.get('build') ?? 'null')?.notify ?? false,
    configFound: fields.has('found'),
    passwordKept: fields.has('password'),
    conf,
    runningExe: fields.get('exe') || undefined,
    roleInFile: roleOf(fields.get('noderole')),
    unit: unit === undefined ? undefined : Buffer.from(unit, 'base64').toString('utf8'),
    unitEnabled: fields.get('UnitFileState') === 'enabled',
    unitActive: ['active', 'activating', 'reloading'].includes(fields.get('ActiveState') ?? ''),
    taken,
    node: nodeState(nodes[0]),
  };
}

function roleOf(text: string | undefined): ServerState['roleInFile'] {
  return text === 'master' || text === 'replica' ? text : undefined;
}

export function nodeState(answer: NodeAnswer | undefined): ServerState['node'] {
  if (!answer || (!answer.ok && answer.kind === 'refused')) {
    return 'down';
  }
  if (!answer.ok) {
    return { unknown: answer.message };
  }
  return running(answer.replies);
}

function running([all, cluster, save, password]: readonly RespValue[]): ServerState['node'] {
  if (typeof all !== 'string') {
    return { unknown: errorOf(all) ?? 'it does not answer INFO as a Redis node does' };
  }
  const pid = field(all, 'process_id');
  const runId = field(all, 'run_id');
  if (!pid || !runId) {
    return { unknown: 'it does not answer INFO as a Redis node does' };
  }
  const points = Array.isArray(save) ? save[1] : undefined;
  return {
    pid,
    runId,
    configFile: field(all, 'config_file'),
    version: field(all, 'valkey_version') ?? field(all, 'redis_version'),
    isLoading: field(all, 'loading') !== '0',
    loadedBytes: field(all, 'loading_loaded_bytes'),
    inCluster: Number(field(typeof cluster === 'string' ? cluster : '', 'cluster_known_nodes') ?? 0) > 1,
    role: field(all, 'role') === 'slave' ? 'replica' : 'master',
    isCopy: field(all, 'master_link_status') === 'up',
    cannotWrite: field(all, 'aof_enabled') === '1' && field(all, 'aof_last_write_status') === 'err',
    hasPassword: Array.isArray(password) && Boolean(password[1]),
    wouldLoseKeys: points === '' && field(all, 'aof_enabled') === '0' && /^db\d+:/m.test(all),
  };
}
