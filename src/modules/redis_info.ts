import { type DeclaredNode, nodeName, queryOf } from '../redis/cluster/topology.ts';
import type { NodeAnswer } from '../redis/node/contract.ts';
import { FACT_COMMANDS, type NodeFacts, nodeFacts } from '../redis/node/node-facts.ts';
import type { HostModule } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisInfoArgs } from './generated/redis_info.ts';

type Told = { readonly host: string; readonly port: number } & (NodeFacts | { readonly problem: string });

/** What every node says of itself. */
export const redisInfo: HostModule<RedisInfoArgs, readonly Told[]> = {
  kind: 'host',
  name: 'redis_info',
  fusable: true,
  read: (args) => ({ nodes: declaredNodes(args).map((node) => queryOf(node, FACT_COMMANDS)) }),
  parse: ({ nodes }, args) => declaredNodes(args).map((node, index) => told(node, nodes[index])),
  plan(nodes, args) {
    const silent = nodes.flatMap((node) => ('problem' in node ? [`${nodeName(node)}: ${node.problem}`] : []));
    return {
      changes: [],
      result: { nodes },
      ...(args.unanswered === 'fail' && silent.length > 0 ? { failed: silent.join('; ') } : {}),
    };
  },
  apply: async () => ({}),
};

function told(node: DeclaredNode, answer: NodeAnswer | undefined): Told {
  const place = { host: node.host, port: node.port };
  if (!answer?.ok) return { ...place, problem: answer?.message ?? 'it was not asked' };
  try {
    return { ...place, ...nodeFacts(answer.replies) };
  } catch (error) {
    return { ...place, problem: error instanceof Error ? error.message : String(error) };
  }
}
