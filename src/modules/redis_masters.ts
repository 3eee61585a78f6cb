import { type DeclaredCluster, type DeclaredNode, nodeName } from '../redis/cluster/topology.ts';
import { observedShards } from '../redis/cluster/verify.ts';
import { type NodeView, observation, type SeenNode, viewOf } from '../redis/node/observe.ts';
import { promotionsHome } from '../redis/place/masters-home.ts';
import { failOver, rolesAgreed } from '../redis/rolling/failover.ts';
import { clusterIo } from './cluster-context.ts';
import type { HostModule, Plan, Result } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisMastersArgs } from './generated/redis_masters.ts';

interface MastersPlan extends Plan {
  readonly promotions: readonly { readonly from: DeclaredNode; readonly to: DeclaredNode }[];
}

/** Gives masters back to their zones, by as few failovers as can be. */
export const redisMasters: HostModule<RedisMastersArgs, readonly NodeView[]> = {
  kind: 'host',
  name: 'redis_masters',
  fusable: false,
  passable: true,

  read: (args) => ({ nodes: declare(args).nodes.map((node) => observation(node)) }),

  parse: ({ nodes }, args) =>
    declare(args).nodes.map((node, index) =>
      viewOf(node, nodes[index] ?? { ok: false, kind: 'other', message: 'it was not asked' }),
    ),

  plan: planMasters,

  async apply(planned, args, context): Promise<Result> {
    const cluster = declare(args);
    const failovers = [];
    // One after the other: each is proven, and all masters know of it, before the next begins.
    for (const { to } of (planned as MastersPlan).promotions) {
      context.progress(`${nodeName(to)} takes over`);
      failovers.push(await failOver(cluster, to, clusterIo(context)));
    }
    if (failovers.length > 0) await rolesAgreed(cluster, clusterIo(context));
    return { failovers };
  },
};

function planMasters(views: readonly NodeView[], args: RedisMastersArgs): MastersPlan {
  const missing = views.flatMap((view) => (view.seen ? [] : [`${nodeName(view.node)} ${view.problem}`]));
  if (missing.length > 0) {
    return { changes: [], promotions: [], failed: `nothing was changed: ${missing.join('; ')}` };
  }
  const seen = views.filter((view) => view.seen);
  const nodes = seen.map(({ node }) => (args.placement === 'hosts' ? { ...node, zone: undefined } : node));
  const mayLead = (index: number): boolean => isInSync(seen[index]);
  const promotions = promotionsHome(nodes, observedShards(seen), mayLead).flatMap(({ from, to }) => {
    const [old, next] = [seen[from]?.node, seen[to]?.node];
    return old && next ? [{ from: old, to: next }] : [];
  });
  const changes = promotions.map(({ from, to }) => ({
    what: `master of the shard of ${nodeName(from)}`,
    before: shown(from),
    after: shown(to),
  }));
  return { changes, promotions };
}

function isInSync(view: SeenNode | undefined): boolean {
  return view?.role === 'replica' && view.linkUp && !view.syncing;
}

function shown(node: DeclaredNode): string {
  return node.zone === undefined ? nodeName(node) : `${nodeName(node)} (${node.zone})`;
}

function declare(args: RedisMastersArgs): DeclaredCluster {
  return { name: args.name, replicas: 0, placement: args.placement, allow: [], nodes: declaredNodes(args) };
}
