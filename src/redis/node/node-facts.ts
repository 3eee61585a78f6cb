import type { RespValue } from './contract.ts';
import { type InfoFields, infoNumber, keyCount, parseInfo, serverVersion } from './info.ts';
import { parseNodes } from './nodes-line.ts';

/** What a node says of itself, as plain data with fixed names. */
export interface NodeFacts {
  readonly flavor: string;
  readonly version: string;
  readonly mode: string;
  readonly role: 'master' | 'replica';
  readonly id: string | null;
  readonly run_id: string | null;
  readonly pid: number | null;
  readonly uptime_seconds: number | null;
  readonly config_file: string | null;
  readonly executable: string | null;
  readonly memory: Readonly<Record<'used' | 'rss' | 'peak' | 'max' | 'fragmentation', number | null>> & {
    readonly policy: string | null;
  };
  readonly keys: number;
  readonly keyspace: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly clients: { readonly connected: number | null; readonly blocked: number | null };
  readonly replication: {
    readonly offset: number | null;
    readonly master: string | null;
    readonly link: 'up' | 'down' | null;
    readonly syncing: boolean;
    readonly replicas: readonly { address: string; state: string; offset: number; lag: number }[];
  };
  readonly persistence: {
    readonly loading: boolean;
    readonly appendonly: boolean;
    readonly saving: boolean;
    readonly rewriting: boolean;
    readonly last_save: number | null;
    readonly last_save_ok: boolean;
    readonly last_rewrite_ok: boolean;
    readonly last_write_ok: boolean;
    readonly changes_since_save: number | null;
    /** Null where CONFIG is not allowed. */
    readonly save_points: string | null;
    /** Neither an append-only file nor save points keep its keys when it stops. */
    readonly loses_keys: boolean;
  };
  readonly cluster: {
    readonly state: string;
    readonly slots: number | null;
    readonly known_nodes: number | null;
    readonly size: number | null;
    readonly epoch: number | null;
  } | null;
}

/** What {@link nodeFacts} is made of, in one round trip. */
export const FACT_COMMANDS: readonly (readonly string[])[] = [
  ['INFO'],
  ['CLUSTER', 'INFO'],
  ['CLUSTER', 'NODES'],
  ['CONFIG', 'GET', 'save'],
];

/** Throws an Error when INFO is no INFO. */
export function nodeFacts([info, clusterInfo, nodes, save]: readonly RespValue[]): NodeFacts {
  if (typeof info !== 'string') throw new Error(`INFO said: ${JSON.stringify(info ?? null)}`);
  const fields = parseInfo(info);
  const text = (name: string): string | null => fields.get(name) || null;
  const number = (name: string): number | null => infoNumber(fields, name) ?? null;
  const self = typeof nodes === 'string' ? parseNodes(nodes).find(({ flags }) => flags.has('myself')) : undefined;
  const points = Array.isArray(save) && typeof save[1] === 'string' ? save[1] : null;
  return {
    ...serverVersion(fields),
    mode: text('redis_mode') ?? text('server_mode') ?? 'standalone',
    role: fields.get('role') === 'master' ? 'master' : 'replica',
    id: self?.id ?? null,
    run_id: text('run_id'),
    pid: number('process_id'),
    uptime_seconds: number('uptime_in_seconds'),
    config_file: text('config_file'),
    executable: text('executable'),
    memory: {
      used: number('used_memory'),
      rss: number('used_memory_rss'),
      peak: number('used_memory_peak'),
      max: number('maxmemory'),
      fragmentation: number('mem_fragmentation_ratio'),
      policy: text('maxmemory_policy'),
    },
    keys: keyCount(fields),
    keyspace: keyspaceOf(fields),
    clients: { connected: number('connected_clients'), blocked: number('blocked_clients') },
    replication: replicationOf(fields),
    persistence: {
      loading: fields.get('loading') === '1',
      appendonly: fields.get('aof_enabled') === '1',
      saving: fields.get('rdb_bgsave_in_progress') === '1',
      rewriting: fields.get('aof_rewrite_in_progress') === '1',
      last_save: number('rdb_last_save_time'),
      last_save_ok: fields.get('rdb_last_bgsave_status') !== 'err',
      last_rewrite_ok: fields.get('aof_last_bgrewrite_status') !== 'err',
      last_write_ok: fields.get('aof_last_write_status') !== 'err',
      changes_since_save: number('rdb_changes_since_last_save'),
      save_points: points,
      loses_keys: points === '' && fields.get('aof_enabled') !== '1' && keyCount(fields) > 0,
    },
    cluster: typeof clusterInfo === 'string' ? clusterOf(parseInfo(clusterInfo)) : null,
  };
}

function keyspaceOf(fields: InfoFields): NodeFacts['keyspace'] {
  const databases = [...fields].filter(([name]) => /^db\d+$/.test(name));
  return Object.fromEntries(
    databases.map(([name, value]) => [
      name,
      Object.fromEntries([...value.matchAll(/(\w+)=(\d+)/g)].map(([, key = '', count]) => [key, Number(count)])),
    ]),
  );
}

function replicationOf(fields: InfoFields): NodeFacts['replication'] {
  const host = fields.get('master_host');
  const replicas = [...fields].filter(([name]) => /^slave\d+$/.test(name));
  const isReplica = fields.get('role') !== 'master';
  return {
    offset: infoNumber(fields, isReplica ? 'slave_repl_offset' : 'master_repl_offset') ?? null,
    master: host === undefined ? null : `${host}:${fields.get('master_port')}`,
    link: isReplica ? (fields.get('master_link_status') === 'up' ? 'up' : 'down') : null,
    syncing: fields.get('master_sync_in_progress') === '1',
    replicas: replicas.map(([, value]) => {
      const part = (name: string): string => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(value)?.[1] ?? '';
      return {
        address: `${part('ip')}:${part('port')}`,
        state: part('state'),
        offset: Number(part('offset')),
        lag: Number(part('lag')),
      };
    }),
  };
}

function clusterOf(fields: InfoFields): NodeFacts['cluster'] {
  if (fields.get('cluster_state') === undefined) return null;
  const number = (name: string): number | null => infoNumber(fields, name) ?? null;
  return {
    state: fields.get('cluster_state') ?? 'unknown',
    slots: number('cluster_slots_assigned'),
    known_nodes: number('cluster_known_nodes'),
    size: number('cluster_size'),
    epoch: number('cluster_my_epoch'),
  };
}
