import { TaskError } from '../../errors/errors.ts';
import { type DeclaredCluster, type DeclaredNode, nodeName } from '../cluster/topology.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { NodeView } from '../node/observe.ts';
import { failOver } from './failover.ts';
import { awaitHealth } from './health.ts';
import { giveMastersBack } from './masters-back.ts';
import { planAway } from './plan-away.ts';
import { rollingNodes } from './rolling-node.ts';

/** What happens on the hosts. */
export interface MaintenanceHands {
  stop(node: DeclaredNode): Promise<void>;
  start(node: DeclaredNode): Promise<void>;
}

/** Hands the masters over, one after the other, and then stops the nodes. What an earlier run did is not done again. */
export async function takeAway(
  cluster: DeclaredCluster,
  leaving: ReadonlySet<string>,
  io: ClusterIo,
  hands: MaintenanceHands,
  stallMs: number,
): Promise<string[]> {
  const steps: string[] = [];
  const views = await settledViews(cluster, leaving, io, stallMs);
  const plan = planAway(rollingNodes(cluster, views), leaving);
  if (plan.refusals.length > 0) throw new TaskError(`nothing was stopped: ${plan.refusals.join('; ')}`);
  for (const { master, heir } of plan.handovers) {
    io.progress(`${heir} takes over from ${master}`);
    await failOver(cluster, nodeOf(cluster, heir), io);
    steps.push(`${heir}: take over from ${master}`);
  }
  if (plan.handovers.length > 0) await settledViews(cluster, leaving, io, stallMs);
  await Promise.all(
    plan.stops.map(async (name) => {
      await hands.stop(nodeOf(cluster, name));
      steps.push(`${name}: stop`);
    }),
  );
  return steps;
}

/** Starts what is down, and waits until the whole cluster is well with it. */
export async function bringBack(
  cluster: DeclaredCluster,
  returning: ReadonlySet<string>,
  io: ClusterIo,
  hands: MaintenanceHands,
  stallMs: number,
): Promise<string[]> {
  const views = await observeAll(cluster, io);
  const down = views.filter((view) => isDown(view) && returning.has(nodeName(view.node))).map(({ node }) => node);
  await Promise.all(down.map(async (node) => await hands.start(node)));
  const after = await awaitHealth(cluster, io, stallMs);
  const still = after.filter((view) => isDown(view)).map(({ node }) => nodeName(node));
  if (still.length > 0) throw new TaskError(`${still.join(', ')} does not run: see its log`);
  const spread = down.length > 0 ? await giveMastersBack(cluster, io, stallMs) : [];
  return [...down.map((node) => `${nodeName(node)}: start`), ...spread];
}

function isDown(view: NodeView): boolean {
  return !view.seen && view.kind === 'refused';
}

/** The cluster is well but for nodes that shall go and went already. */
async function settledViews(
  cluster: DeclaredCluster,
  leaving: ReadonlySet<string>,
  io: ClusterIo,
  stallMs: number,
): Promise<readonly NodeView[]> {
  const views = await observeAll(cluster, io);
  const strays = views.filter((view) => !view.seen && !leaving.has(nodeName(view.node)));
  if (strays.length > 0) {
    const names = strays.map(({ node }) => nodeName(node)).join(', ');
    throw new TaskError(`${names} does not answer: nothing more is taken away from this cluster`);
  }
  return views.some(isDown) ? views : await awaitHealth(cluster, io, stallMs);
}

function nodeOf(cluster: DeclaredCluster, name: string): DeclaredNode {
  const node = cluster.nodes.find((one) => nodeName(one) === name);
  if (!node) throw new TaskError(`${name} is no node of cluster ${cluster.name}`);
  return node;
}
