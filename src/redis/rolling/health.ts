import { TaskError } from '../../errors/errors.ts';
import type { DeclaredCluster } from '../cluster/topology.ts';
import { type Finding, verify } from '../cluster/verify.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { NodeView } from '../node/observe.ts';
import { MAX_LAG_BYTES, masterOf } from './failover-check.ts';

const POLL_MS = 100;

/**
 * Waits until every node agrees with every other, says ok, and every replica has what its master has. Only then may a node
 * be taken away. What does not pass by itself is thrown. A node that is found down ends the wait: it has to be started.
 */
export async function awaitHealth(
  cluster: DeclaredCluster,
  io: ClusterIo,
  stallMs: number,
): Promise<readonly NodeView[]> {
  let [least, progressed] = [Number.POSITIVE_INFINITY, io.now()];
  for (;;) {
    const views = await observeAll(cluster, io);
    if (views.some((view) => !view.seen && view.kind === 'refused')) return views;
    const findings = ailments(cluster, views);
    const lag = largestLag(views);
    const late = lag > MAX_LAG_BYTES;
    const passing = findings.filter(({ mayPass }) => mayPass).map(({ message }) => message);
    if (passing.length === 0 && !late) {
      if (findings.length > 0) throw unwell(findings.map(({ message }) => message));
      return views;
    }
    // A long sync shows in nothing but the loading node's own word, and in what is behind.
    const distance = passing.length * 1e15 + (late ? lag : 0);
    if (distance < least || isLoading(views)) [least, progressed] = [distance, io.now()];
    const reasons = [...passing, ...(late ? [`a replica is ${lag} bytes behind its master`] : [])];
    if (io.now() - progressed > stallMs) throw unwell([...reasons, `no progress for ${stallMs / 1000} s`]);
    io.progress(`waiting for the cluster to be well: ${reasons[0]}`);
    await io.sleep(POLL_MS);
  }
}

function unwell(reasons: readonly string[]): TaskError {
  return new TaskError(`the cluster is not well: ${reasons.join('; ')}`, { details: { findings: reasons } });
}

function isLoading(views: readonly NodeView[]): boolean {
  return views.some((view) => (view.seen ? view.syncing : view.problem.includes('loading')));
}

/** What is wrong with the cluster; too few replicas are the planner's business, since a run may allow them. */
function ailments(cluster: DeclaredCluster, views: readonly NodeView[]): Finding[] {
  return verify(cluster, views, { placement: false }).filter(({ code }) => code !== 'replicas');
}

function largestLag(views: readonly NodeView[]): number {
  const seen = views.filter((view) => view.seen);
  const lags = seen.map((view) => (masterOf(seen, view)?.replOffset ?? view.replOffset) - view.replOffset);
  return Math.max(0, ...lags);
}
