import type { NodeQuery, RespValue } from '../../redis/node/contract.ts';
import { compareVersions } from '../../redis/versions/server-version.ts';
import { JOINED_FUNCTION, TEXTS_FUNCTION } from '../../sh/builtin-reads.ts';
import { contained } from '../../sh/contained.ts';
import { quote } from '../../sh/quote.ts';
import type { ReadAnswer } from '../contract.ts';
import { loginOf } from '../declared-nodes.ts';
import { formatMode } from '../mode.ts';
import { parseStatBlock, statFunctions, statKey } from '../path-state.ts';
import type { ConfigArgs } from '../redis_config.ts';
import { parseBuildInfo } from '../redis-build/build-info.ts';
import { type Directives, parseDirectives } from '../redis-build/directives-json.ts';
import { ReplyLines } from '../reply-lines.ts';

/** An ACL user as the server says it. */
export interface LiveUser {
  readonly enabled: boolean;
  /** `#` and the SHA-256 of each password. */
  readonly digests: ReadonlySet<string>;
  /** All words but the name. */
  readonly words: readonly string[];
  /** Rules for commands are told as the server was told them (7.2 and later); before, it makes up others that come to the same. */
  readonly keepsCommands: boolean;
}

/** What the process that answers on the node's port says of itself. */
export interface LiveNode {
  /** CONFIG GET; undefined when the command is renamed, disabled or refused, with the reason in `configError`. */
  readonly config: ReadonlyMap<string, string> | undefined;
  readonly configError: string | undefined;
  readonly configFile: string | undefined;
  readonly pid: string | undefined;
  /** Its own version, which a running upgrade makes another than the installed one. */
  readonly version: string | undefined;
  /** It knows other nodes or owns slots. */
  readonly inCluster: boolean;
  /** By name; undefined when they were not asked after, or the server has or tells none. */
  readonly users: ReadonlyMap<string, LiveUser> | undefined;
}

export interface ConfigState {
  /** Text of the file; undefined when there is none. */
  readonly text: string | undefined;
  readonly unreadable: string | undefined;
  /** Octal mode, owner and group names. */
  readonly attributes: { readonly mode: string; readonly owner: string; readonly group: string } | undefined;
  readonly directives: Directives | undefined;
  readonly version: string | undefined;
  readonly flavor: 'redis' | 'valkey' | undefined;
  /** The declared `dir` with links resolved, as the process sees it. */
  readonly realDir: string | undefined;
  readonly live: LiveNode | 'down' | { readonly unknown: string };
}

/** What stat says, a line for each further thing that is read, an empty line, and the texts of the files as `tail` prints one or two. */
export function configReadScript(path: string, prefix: string): string {
  return contained(`${statFunctions}${JOINED_FUNCTION}
${TEXTS_FUNCTION}
f=${quote(path)} p=${quote(prefix)}/current
stat_block "$f" "" ${statKey(quote(path))}
if [ -f "$f" ]; then
  echo found
  [ -r "$f" ] || echo unreadable
elif [ -e "$f" ]; then echo other
fi
[ ! -r "$p/build.json" ] || { printf 'build '; joined "$p/build.json"; echo; }
set --
[ ! -r "$p/directives.json" ] || { echo directives; set -- "$p/directives.json"; }
if [ -f "$f" ] && [ -r "$f" ]; then echo text; set -- "$@" "$f"; fi
echo
[ $# = 0 ] || texts "$@"
true`);
}

/** Where the directory really is; the shell itself can tell if it may enter it. */
export function realDirectoryScript(dir: string): string {
  const word = quote(dir);
  return contained(`[ ! -d ${word} ] || (cd -P -- ${word} 2>/dev/null && pwd -P) || readlink -f ${word}`);
}

/** What the live process is asked; the replies are read by `parseLive`. */
export function liveQuery(via: string, args: ConfigArgs, address: string, configCommand: string): NodeQuery {
  return {
    via,
    address,
    port: args.port,
    ...loginOf(args),
    commands: [
      [configCommand, 'GET', '*'],
      ['INFO', 'server'],
      ['CLUSTER', 'INFO'],
      ...(args.users || args.requirepass ? [['ACL', 'LIST']] : []),
    ],
    timeoutMs: 5000,
  };
}

export function parseConfigState({ reply, nodes, elsewhere }: ReadAnswer): ConfigState {
  const lines = new ReplyLines(reply, 'looking at the configuration');
  const own = parseStatBlock(lines);
  const fields = new Map<string, string>();
  for (let line = lines.next(); line !== ''; line = lines.next()) {
    const [, word = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    fields.set(word, rest);
  }
  const texts = textsOf(
    lines.rest(),
    ['directives', 'text'].filter((name) => fields.has(name)),
  );
  const build = parseBuildInfo(fields.get('build') ?? 'null');
  return {
    text: texts.get('text'),
    unreadable: fields.has('unreadable')
      ? 'it may not be read by this user'
      : fields.has('other')
        ? 'it is not a regular file'
        : undefined,
    attributes:
      own && fields.has('found') ? { mode: formatMode(own.bits), owner: own.owner, group: own.group } : undefined,
    directives: parseDirectives(texts.get('directives') ?? 'null'),
    version: build?.version,
    flavor: build?.flavor === 'redis' || build?.flavor === 'valkey' ? build.flavor : undefined,
    realDir: elsewhere?.[0]?.stdout.replace(/\n$/, '') || undefined,
    live: liveState(nodes[0]),
  };
}

/** The files that one `tail` printed: with a head for each when there are two. JSON of one line, the first, holds no such head. */
function textsOf(printed: string, names: readonly string[]): Map<string, string> {
  const [, ...both] = /^==> .* <==\n([\s\S]*?)\n==> .* <==\n([\s\S]*)$/.exec(printed) ?? [];
  const texts = names.length === 2 ? both : [printed];
  return new Map(names.map((name, index) => [name, texts[index] ?? '']));
}

function liveState(answer: ReadAnswer['nodes'][number] | undefined): ConfigState['live'] {
  if (!answer || (!answer.ok && answer.kind === 'refused')) {
    return 'down';
  }
  return answer.ok ? parseLive(answer.replies) : { unknown: answer.message };
}

function parseLive([config, server, cluster, acl]: readonly RespValue[]): LiveNode | { unknown: string } {
  const info = typeof server === 'string' ? server : '';
  const state = typeof cluster === 'string' ? cluster : '';
  const refusal = errorOf(config);
  if (refusal && /^(NOAUTH|WRONGPASS|NOPERM)/.test(refusal)) {
    return { unknown: refusal };
  }
  return {
    config: Array.isArray(config) ? pairs(config) : undefined,
    configError: refusal,
    configFile: field(info, 'config_file'),
    pid: field(info, 'process_id'),
    version: field(info, 'valkey_version') ?? field(info, 'redis_version'),
    inCluster:
      Number(field(state, 'cluster_known_nodes') ?? 0) > 1 || Number(field(state, 'cluster_slots_assigned') ?? 0) > 0,
    users: Array.isArray(acl) ? new Map(acl.map((line) => userIn(String(line), keepsCommands(info)))) : undefined,
  };
}

/** Valkey tells the version of Redis that it is compatible with. */
function keepsCommands(info: string): boolean {
  return compareVersions(field(info, 'redis_version') ?? '0', '7.2') >= 0;
}

/** `user NAME on #DIGEST ~* +@all`: a line of ACL LIST. */
function userIn(line: string, keepsCommands: boolean): [string, LiveUser] {
  const [, name = '', ...words] = line.split(' ');
  const digests = new Set(words.filter((word) => word.startsWith('#')));
  return [name, { enabled: words.includes('on'), digests, words, keepsCommands }];
}

function pairs(replies: readonly RespValue[]): Map<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index + 1 < replies.length; index += 2) {
    values.set(String(replies[index]), String(replies[index + 1]));
  }
  return values;
}

export function errorOf(reply: RespValue | undefined): string | undefined {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : undefined;
}

/** One line of INFO or CLUSTER INFO. */
export function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] || undefined;
}
