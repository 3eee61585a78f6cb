import { nodeName } from '../../redis/cluster/topology.ts';
import type { NodeAnswer, NodeQuery } from '../../redis/node/contract.ts';
import { type NodeView, observation, viewOf } from '../../redis/node/observe.ts';
import { parseRestarts, READ_RESTARTS, type RestartRecord } from '../../state/restart-record.ts';
import type { ReadAnswer, ReadRequest } from '../contract.ts';
import type { RedisRollingArgs } from '../generated/redis_rolling.ts';
import { type ConfigState, configReadScript, parseConfigState } from '../redis-config/config-state.ts';
import { nodeQuery, type ServerArgs } from '../redis-server/server-args.ts';
import { parseServerState, type ServerState, serverReadScript } from '../redis-server/server-state.ts';
import { rollingCluster, serversOf } from './rolling-args.ts';

/** A node as its host and itself show it. */
export interface NodeOnHost {
  /** Its redis.conf, as the task says. */
  readonly file: string;
  readonly server: ServerState;
  readonly config: ConfigState;
}

export interface RollingState {
  readonly views: readonly NodeView[];
  /** By `host:port`. */
  readonly onHost: ReadonlyMap<string, NodeOnHost>;
  /** By host. */
  readonly records: ReadonlyMap<string, readonly RestartRecord[]>;
}

type Script = NonNullable<ReadRequest['elsewhere']>[number];

/** What a running node uses: its settings, its file, and whether it serves a cluster. */
function liveQuestions(args: ServerArgs): NodeQuery {
  return nodeQuery(args, [
    ['CONFIG', 'GET', '*'],
    ['INFO', 'server'],
    ['CLUSTER', 'INFO'],
  ]);
}

function rollingHosts(args: RedisRollingArgs): string[] {
  return [...new Set(args.nodes.map(({ host }) => host))];
}

/** Two scripts for each node, then one for each host. */
export function rollingScripts(args: RedisRollingArgs): Script[] {
  const perNode = [...serversOf(args).values()].flatMap((server): Script[] => [
    { host: server.host, script: serverReadScript(server), asTaskUser: true },
    { host: server.host, script: configReadScript(server.config, server.prefix), asTaskUser: true },
  ]);
  return [...perNode, ...rollingHosts(args).map((host) => ({ host, script: READ_RESTARTS }))];
}

export function rollingQuestions(args: RedisRollingArgs): NodeQuery[] {
  const live = [...serversOf(args).values()].map(liveQuestions);
  return [...rollingCluster(args).nodes.map((node) => observation(node)), ...live];
}

export function rollingRequest(args: RedisRollingArgs): ReadRequest {
  return {
    nodes: rollingQuestions(args),
    elsewhere: rollingScripts(args),
  };
}

export function parseRolling({ nodes, elsewhere = [] }: ReadAnswer, args: RedisRollingArgs): RollingState {
  const declared = rollingCluster(args).nodes;
  const missing: NodeAnswer = { ok: false, kind: 'other', message: 'it was not asked' };
  const nothing = { rc: 0, stdout: '', stderr: '' };
  const servers = serversOf(args);
  const onHost = declared.map((node, index): [string, NodeOnHost] => {
    const server = parseServerState({ reply: elsewhere[index * 2] ?? nothing, nodes: [] });
    const live = nodes[declared.length + index] ?? missing;
    const file = servers.get(nodeName(node))?.config ?? '';
    return [
      nodeName(node),
      { file, server, config: parseConfigState({ reply: elsewhere[index * 2 + 1] ?? nothing, nodes: [live] }) },
    ];
  });
  const records = rollingHosts(args).map(
    (host, index) => [host, parseRestarts(elsewhere[declared.length * 2 + index]?.stdout ?? '', args.name)] as const,
  );
  return {
    views: declared.map((node, index) => viewOf(node, nodes[index] ?? missing)),
    onHost: new Map(onHost),
    records: new Map(records),
  };
}
