import { type DeclaredNode, queryOf, type Role } from '../cluster/topology.ts';
import type { NodeAnswer, NodeQuery, RespValue } from './contract.ts';
import { type InfoFields, infoNumber, keyCount, parseInfo, serverVersion } from './info.ts';
import { type MemberLine, parseNodes } from './nodes-line.ts';

/** What a server has where nobody sets it, or may ask it (redis.conf of 4.0 to 8.x). */
export const DEFAULT_NODE_TIMEOUT_MS = 15_000;

/** A declared node seen through its own eyes. */
export interface SeenNode {
  readonly node: DeclaredNode;
  readonly seen: true;
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
  /** New with every process. */
  readonly runId: string | undefined;
  readonly loading: boolean;
  readonly keys: number;
  readonly role: Role;
  /** Replicas: INFO's master_link_status is up. */
  readonly linkUp: boolean;
  readonly syncing: boolean;
  /** What grows while it takes a copy of its master's data, or saves its own for one that does. */
  readonly activity?: string;
  /** Why its keys would not survive a restart, as a clause; undefined: they would. */
  readonly perishable: string | undefined;
  /** Bytes of the replication stream: what a master has sent out, what a replica has taken in. */
  readonly replOffset: number;
  readonly stateOk: boolean;
  /** It takes or gives slots by itself, or throws away what it had taken: Redis 8.4 counts keys that are on their way. */
  readonly handsOver?: boolean;
  readonly epoch: number;
  readonly memory: NodeMemory;
  /** Libraries of FUNCTIONs; 0 before 7.0. */
  readonly libraries: number;
  /** The node's own line, with its id, slots and open slots. */
  readonly self: MemberLine;
  /** The other members that it knows, handshakes included. */
  readonly others: readonly MemberLine[];
  /** Undefined when CONFIG is not allowed. */
  readonly nodeTimeoutMs: number | undefined;
  readonly disklessDelay: number | undefined;
  /** Absolute path of the config file; undefined when started without one. */
  readonly configFile: string | undefined;
}

/** Bytes; 0 where there is no limit or the server does not tell. */
export interface NodeMemory {
  readonly used: number;
  /** Of the keys and values alone. */
  readonly data: number;
  /** maxmemory. */
  readonly max: number;
  readonly host: number;
}

/** A declared node that gave no usable view; `problem` is a clause for people. */
export interface UnseenNode {
  readonly node: DeclaredNode;
  readonly seen: false;
  readonly problem: string;
  readonly kind: Extract<NodeAnswer, { ok: false }>['kind'] | 'not-cluster';
}

export type NodeView = SeenNode | UnseenNode;

const COMMANDS = [
  ['INFO'],
  ['CLUSTER', 'INFO'],
  ['CLUSTER', 'NODES'],
  ['ROLE'],
  ['CONFIG', 'GET', 'cluster-node-timeout'],
  ['CONFIG', 'GET', 'repl-diskless-sync-delay'],
  ['CONFIG', 'GET', 'save'],
] as const;

/** The query that shows a node through its own eyes, in one round trip and without any effect. */
export function observation(node: DeclaredNode, timeoutMs?: number): NodeQuery {
  return queryOf(node, COMMANDS, timeoutMs);
}

/** What the answer of {@link observation} says. */
export function viewOf(node: DeclaredNode, answer: NodeAnswer): NodeView {
  if (!answer.ok) return { node, seen: false, kind: answer.kind, problem: silence(answer) };
  const [info, clusterInfo, nodes, role, timeout, delay, save] = answer.replies;
  if (typeof info !== 'string') return { node, seen: false, kind: 'other', problem: `INFO said: ${said(info)}` };
  const fields = parseInfo(info);
  if (fields.get('cluster_enabled') === '0') {
    return { node, seen: false, kind: 'not-cluster', problem: 'runs without cluster-enabled yes' };
  }
  if (fields.get('loading') === '1') {
    const percent = fields.get('loading_loaded_perc') ?? '?';
    return { node, seen: false, kind: 'other', problem: `is still loading its data (${percent} %)` };
  }
  if (typeof nodes !== 'string' || typeof clusterInfo !== 'string') {
    const reply = typeof nodes === 'string' ? clusterInfo : nodes;
    return {
      node,
      seen: false,
      kind: 'other',
      problem: `CLUSTER NODES said: ${said(reply)}${renamedHint(reply, fields)}`,
    };
  }
  const lines = parseNodes(nodes);
  const self = lines.find((line) => line.flags.has('myself'));
  if (!self) return { node, seen: false, kind: 'other', problem: 'CLUSTER NODES has no line for the node itself' };
  return {
    node,
    seen: true,
    self,
    others: lines.filter((line) => line !== self),
    ...ownState(fields, parseInfo(clusterInfo), role),
    nodeTimeoutMs: settingOf(timeout),
    disklessDelay: settingOf(delay),
    configFile: fields.get('config_file') || undefined,
    perishable: perishable(fields, Array.isArray(save) ? save[1] : undefined),
  };
}

const HANDING_FIELDS = ['cluster_slot_migration_active_tasks', 'cluster_slot_migration_active_trim_running'];

function ownState(
  info: InfoFields,
  cluster: InfoFields,
  role: RespValue | undefined,
): Omit<
  SeenNode,
  'node' | 'seen' | 'self' | 'others' | 'nodeTimeoutMs' | 'disklessDelay' | 'configFile' | 'perishable'
> {
  const ownRole = Array.isArray(role) && typeof role[0] === 'string' ? role[0] : info.get('role');
  return {
    ...serverVersion(info),
    runId: info.get('run_id'),
    loading: false,
    keys: keyCount(info),
    role: ownRole === 'slave' || ownRole === 'replica' ? 'replica' : 'master',
    linkUp: info.get('master_link_status') === 'up',
    syncing: info.get('master_sync_in_progress') === '1',
    activity: SYNC_FIELDS.map((name) => info.get(name) ?? '').join(' '),
    replOffset: infoNumber(info, 'slave_repl_offset') ?? infoNumber(info, 'master_repl_offset') ?? 0,
    stateOk: cluster.get('cluster_state') === 'ok',
    handsOver: HANDING_FIELDS.some((name) => (infoNumber(cluster, name) ?? 0) > 0),
    epoch: infoNumber(cluster, 'cluster_my_epoch') ?? 0,
    memory: memoryOf(info),
    libraries: infoNumber(info, 'number_of_libraries') ?? 0,
  };
}

function memoryOf(info: InfoFields): NodeMemory {
  const used = infoNumber(info, 'used_memory') ?? 0;
  return {
    used,
    data: infoNumber(info, 'used_memory_dataset') ?? used,
    max: infoNumber(info, 'maxmemory') ?? 0,
    host: infoNumber(info, 'total_system_memory') ?? 0,
  };
}

const SYNC_FIELDS = ['master_sync_read_bytes', 'master_sync_left_bytes', 'current_save_keys_processed'];

/** Without a whole copy on disk, keys are gone with the process. Where CONFIG is not allowed, save points are taken for granted. */
function perishable(info: InfoFields, save: RespValue | undefined): string | undefined {
  if (info.get('aof_enabled') === '1') {
    if (info.get('aof_rewrite_in_progress') === '1' || info.get('aof_rewrite_scheduled') === '1')
      return 'is still writing its append-only file';
    if (info.get('aof_last_write_status') === 'err') return 'cannot write its append-only file';
    return info.get('aof_last_bgrewrite_status') === 'err' ? 'could not write its append-only file anew' : undefined;
  }
  if (save === '') return 'keeps no copy on disk (no append-only file, no save points)';
  return info.get('rdb_last_bgsave_status') === 'err' ? 'could not save its last snapshot' : undefined;
}

function settingOf(reply: RespValue | undefined): number | undefined {
  if (!Array.isArray(reply) || typeof reply[1] !== 'string') return undefined;
  const value = Number(reply[1]);
  return Number.isFinite(value) ? value : undefined;
}

function silence(answer: Extract<NodeAnswer, { ok: false }>): string {
  switch (answer.kind) {
    case 'refused':
      return 'refuses connections: nothing listens on the port';
    case 'timeout':
      return `does not answer: ${answer.message}`;
    case 'auth':
      return `refuses the login: ${answer.message}`;
    case 'lost':
      return `closed the connection: ${answer.message}`;
    case 'other':
      return `cannot be asked: ${answer.message}`;
  }
}

/** Only the node's configuration file tells the new name, and only who reads it may know it. */
function renamedHint(reply: RespValue | undefined, info: InfoFields): string {
  if (!/unknown command/i.test(said(reply))) return '';
  const file = info.get('config_file') || 'its configuration';
  return `; where rename-command in ${file} gave it another name, redis_renamed_commands has to tell it: {CLUSTER: NAME}`;
}

export function said(reply: RespValue | undefined): string {
  if (typeof reply === 'object' && reply !== null && 'error' in reply) return reply.error;
  return JSON.stringify(reply ?? null);
}
