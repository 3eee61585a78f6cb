import { TaskError } from '../../errors/errors.ts';
import type { DeclaredCluster, DeclaredNode } from '../../redis/cluster/topology.ts';
import { nodeName } from '../../redis/cluster/topology.ts';
import { declaredNodes } from '../declared-nodes.ts';
import type { RedisRollingArgs } from '../generated/redis_rolling.ts';
import type { ServerArgs } from '../redis-server/server-args.ts';

/** The cluster as far as a rolling operation declares it: who belongs to it, not how it shall be. */
export function rollingCluster(args: RedisRollingArgs): DeclaredCluster {
  return { name: args.name, nodes: declaredNodes(args), replicas: 0, placement: 'zones', allow: [] };
}

/** How each node's process is started and stopped, as redis_server would be told; by `host:port`. */
export function serversOf(args: RedisRollingArgs): ReadonlyMap<string, ServerArgs> {
  return new Map(
    args.nodes.map((node): [string, ServerArgs] => {
      return [
        nodeName(node),
        {
          port: node.port,
          config: node.config,
          state: 'started',
          supervisor: node.supervisor ?? 'auto',
          prefix: node.prefix ?? '/opt/redis',
          renamed_commands: node.renamed_commands,
          ...(node.server === undefined ? {} : { server: node.server }),
          ...(node.unit === undefined ? {} : { unit: node.unit }),
          address: node.address,
          at: node.at,
          open_files: 65536,
          timeout: args.timeout,
          host: node.host,
          ...(node.user === undefined ? {} : { user: node.user }),
          ...(node.group === undefined ? {} : { group: node.group }),
          username: node.username ?? args.username,
          password: node.password ?? args.password,
          tls: args.tls,
        },
      ];
    }),
  );
}

export function serverOf(args: RedisRollingArgs, node: DeclaredNode): ServerArgs {
  const server = serversOf(args).get(nodeName(node));
  if (!server) throw new TaskError(`${nodeName(node)} is not among the nodes of the task`);
  return server;
}

/** Whether the task speaks of this node's host. */
export function isMeant(args: RedisRollingArgs, node: DeclaredNode): boolean {
  return args.hosts === undefined || args.hosts.includes(node.host);
}
