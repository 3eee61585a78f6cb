import type { NodeView, SeenNode } from '../node/observe.ts';
import { place, placementGaps, type Standing } from '../place/place.ts';
import type { Shard } from '../place/placement-score.ts';
import { type Migration, planMigration } from '../slots/plan-moves.ts';
import { planSlots } from '../slots/plan-slots.ts';
import { assess, knows, place as nameOf } from './classify.ts';
import { emptyStarts } from './empty-start.ts';
import { functionSteps } from './functions.ts';
import { meetSteps } from './introduce.ts';
import { heirsOf, leavingRefusals, orphansOf, partingSteps } from './leave.ts';
import { applyPermissions } from './permit.ts';
import { strangersAmong } from './reach.ts';
import { boundLast, repair, withoutLost } from './repair.ts';
import { changesSomething, type Step, TEMPORARY_NODE_TIMEOUT_MS } from './steps.ts';
import { type DeclaredCluster, masterCount, nodeName, stayingOf } from './topology.ts';
import { verify } from './verify.ts';

export interface ClusterPlan {
  /** Not empty: nothing may be done, and there are no steps. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  readonly shards: readonly Shard[];
  readonly steps: readonly Step[];
}

/**
 * The ordered steps from what is observed, however half-formed, to what is declared. Pure, and done again after every
 * interruption: whatever an earlier run already did is no longer among the steps.
 */
export function planCluster(declared: DeclaredCluster, observed: readonly NodeView[]): ClusterPlan {
  const permitted = applyPermissions(declared, observed);
  const cluster = withoutLost(declared, permitted.views);
  const repaired = repair(cluster, permitted.views);
  const views = stayingOf(cluster, repaired.views);
  const { refusals, forming } = assess(cluster, repaired.views);
  const impossible = [
    ...undeclarable(cluster),
    ...permitted.refusals,
    ...repaired.refusals,
    ...refusals,
    ...leavingRefusals(cluster, repaired.views),
  ];
  const seen = views.filter((view) => view.seen);
  if (impossible.length > 0) return { refusals: impossible, warnings: [], shards: [], steps: [] };
  const members = repaired.views.filter((view) => view.seen);
  const followers = orphansOf(cluster, members);
  const orphans = [...repaired.orphans, ...followers.map(({ node }) => nodeName(node))];
  const shards = place(cluster, withSurplus(standingsOf(seen, orphans), cluster.replicas));
  const slots = planSlots(cluster, members, seen, shards, forming);
  const masters = shards.flatMap(({ master }) => seen[master] ?? []);
  const migration = planMigration(
    cluster,
    members,
    slots.steps.length > 0 ? [] : masters,
    heirsOf(members, seen, shards, followers),
  );
  const unsupported = [...slots.refusals, ...migration.refusals, ...cannotStay(cluster, seen, shards, migration)];
  if (unsupported.length > 0) return { refusals: unsupported, warnings: [], shards, steps: [] };
  const meets = meetSteps(seen, forming);
  const { replicas, leaving } = replicaSteps(seen, shards, repaired.orphans, followers);
  const joining = [
    ...(forming ? epochSteps(seen) : []),
    ...meets,
    ...slots.steps,
    ...(strangersAmong(seen).length > 0 ? [{ do: 'await-members' } as const] : []),
    ...replicas,
  ];
  const waiting = joining.length > 0 || verify(cluster, views, { placement: false }).some((finding) => finding.mayPass);
  const hasten = forming && waiting;
  const slow = seen.filter((view) => (view.nodeTimeoutMs ?? 0) > TEMPORARY_NODE_TIMEOUT_MS);
  const migrates = migration.steps.length > 0;
  const copies = functionSteps(members, masters);
  const partings = partingSteps(cluster, members, seen, shards, followers);
  const farewells = boundLast(repaired.steps, permitted.views, leaving);
  const steps: Step[] = [
    ...permitted.steps,
    ...leaving,
    ...farewells.atOnce,
    ...(hasten ? slow.map((view): Step => ({ do: 'hasten', node: nodeName(view.node) })) : []),
    ...copies,
    ...joining,
    ...farewells.later,
    ...(migrates ? [{ do: 'await-receivers' } as const] : []),
    ...migration.steps,
    ...partings,
    ...(waiting || migrates || copies.length > 0 || partings.length > 0 ? [{ do: 'await-settled' } as const] : []),
    ...timeoutSteps(cluster, seen, hasten ? slow : []),
  ];
  return { refusals: [], warnings: placementGaps(cluster, shards), shards, steps };
}

/**
 * What stands against the cluster, whatever the nodes that do not run yet turn out to be: for a look at all of them before
 * anything is written on a host.
 */
export function standingRefusals(cluster: DeclaredCluster, observed: readonly NodeView[]): string[] {
  const permitted = applyPermissions(
    cluster,
    observed.filter((view) => view.seen),
  );
  const repaired = repair(cluster, permitted.views);
  const alone = observed.filter((view) => !view.seen && view.kind === 'not-cluster');
  return [
    ...undeclarable(withoutLost(cluster, permitted.views)),
    ...permitted.refusals,
    ...repaired.refusals,
    ...assess(cluster, repaired.views).refusals,
    ...emptyStarts(cluster, observed),
    ...alone.map(
      (view) => `${nameOf(view)} serves already, without cluster-enabled yes: stop it, or choose another port`,
    ),
  ];
}

/** True when carrying the plan out changes anything that lasts. */
export function hasChanges(plan: ClusterPlan): boolean {
  return plan.steps.some((step) => changesSomething(step) && step.do !== 'hasten');
}

function undeclarable(cluster: DeclaredCluster): string[] {
  // With lost hosts that nobody replaces yet, what the shards then lack is for verifying to name.
  if ((cluster.lost ?? []).length > 0) return [];
  const masters = masterCount(cluster);
  const [count, needed] = [cluster.nodes.length, masters * (cluster.replicas + 1)];
  if (masters < 3) {
    const least = 3 * (cluster.replicas + 1);
    return [
      `${count} nodes with ${cluster.replicas} replicas each make ${masters} masters; a cluster needs three: declare at least ${least} nodes`,
    ];
  }
  if (needed > count)
    return [`${masters} masters with ${cluster.replicas} replicas each take ${needed} nodes; ${count} are declared`];
  return [];
}

/** What each node already is and stays: slots or a replica of its own make a master. */
function standingsOf(seen: readonly SeenNode[], orphans: readonly string[]): Standing[] {
  const followed = new Set(seen.flatMap((view) => (view.role === 'replica' ? (view.self.masterId ?? []) : [])));
  return seen.map((view): Standing => {
    if (view.role === 'master') {
      return view.self.slots.length > 0 || followed.has(view.self.id) ? { is: 'master' } : { is: 'free' };
    }
    if (orphans.includes(nodeName(view.node))) return { is: 'orphan' };
    const of = seen.findIndex((other) => other.self.id === view.self.masterId);
    return of >= 0 ? { is: 'replica', of } : { is: 'free' };
  });
}

/** Where free nodes are not enough for the missing replicas, shards that have more than declared give theirs. */
function withSurplus(standings: readonly Standing[], replicas: number): Standing[] {
  const given = [...standings];
  const members = (master: number): number[] =>
    given.flatMap((standing, index) => (standing.is === 'replica' && standing.of === master ? [index] : []));
  const masters = given.flatMap(({ is }, index) => (is === 'master' ? [index] : []));
  const missing = masters.reduce((sum, master) => sum + Math.max(0, replicas - members(master).length), 0);
  for (let lacking = missing - given.filter(({ is }) => is !== 'master' && is !== 'replica').length; lacking > 0; ) {
    const [richest] = masters.toSorted((a, b) => members(b).length - members(a).length || a - b);
    const surplus = richest === undefined ? [] : members(richest).slice(replicas);
    const last = surplus.at(-1);
    if (last === undefined) return given;
    given[last] = { is: 'orphan' };
    lacking -= 1;
  }
  return given;
}

/** Declared states that no step leads to. */
function cannotStay(
  cluster: DeclaredCluster,
  seen: readonly SeenNode[],
  shards: readonly Shard[],
  migration: Migration,
): string[] {
  const owning = new Set(migration.owners.flatMap(({ name, slots }) => (slots.length > 0 ? [name] : [])));
  const owners = seen.filter((view) => owning.has(nodeName(view.node)));
  const refusals: string[] = [];
  if (owners.length > masterCount(cluster)) {
    const names = owners.map(nameOf).join(', ');
    refusals.push(
      `${owners.length} nodes own slots where ${masterCount(cluster)} masters are declared (${names}): rebalance with weight 0 for those that shall be emptied, or name them in leaving`,
    );
  }
  const placed = new Set(shards.flatMap((shard) => [shard.master, ...shard.replicas]));
  seen.forEach((view, index) => {
    if (placed.has(index)) return;
    const master = seen.find((other) => other.self.id === view.self.masterId);
    const of = master ? `, a replica of ${nameOf(master)}, which owns no slots and is no master` : '';
    refusals.push(`${nameOf(view)} has no place in the declared cluster${of}: moving replicas is not supported yet`);
  });
  return refusals;
}

/** Legal only while a node knows nobody and has no epoch; other epochs are taken. */
function epochSteps(seen: readonly SeenNode[]): Step[] {
  const taken = new Set(seen.map((view) => view.epoch));
  return seen.flatMap((view, index): Step[] => {
    if (view.epoch !== 0 || view.others.length > 0) return [];
    let epoch = index + 1;
    while (taken.has(epoch)) epoch += 1;
    taken.add(epoch);
    return [{ do: 'set-epoch', node: nodeName(view.node), epoch }];
  });
}

/** Orphans come first: until they follow another master they cannot forget the dead one. */
function replicaSteps(
  seen: readonly SeenNode[],
  shards: readonly Shard[],
  orphans: readonly string[],
  followers: readonly SeenNode[],
): { readonly replicas: readonly Step[]; readonly leaving: readonly Step[] } {
  const replicas: Step[] = [];
  const leaving: Step[] = [];
  for (const shard of shards) {
    for (const replica of shard.replicas) {
      const [own, other] = [seen[replica], seen[shard.master]];
      if (!own || !other || followers.includes(own) || (own.role === 'replica' && own.self.masterId === other.self.id))
        continue;
      const names = { node: nodeName(own.node), master: nodeName(other.node) };
      if (orphans.includes(names.node) && knows(own, other)) leaving.push({ do: 'leave-dead', ...names });
      else replicas.push({ do: 'replicate', ...names });
    }
  }
  return { replicas, leaving };
}

/** Restores what was set for a while, now or by an interrupted run, and brings about what is declared. */
function timeoutSteps(cluster: DeclaredCluster, seen: readonly SeenNode[], hastened: readonly SeenNode[]): Step[] {
  return seen.flatMap((view): Step[] => {
    const temporary = hastened.includes(view) || view.nodeTimeoutMs === TEMPORARY_NODE_TIMEOUT_MS;
    const differs = cluster.nodeTimeoutMs !== undefined && view.nodeTimeoutMs !== cluster.nodeTimeoutMs;
    if (!temporary && (!differs || view.nodeTimeoutMs === undefined)) return [];
    return [{ do: 'set-timeout', node: nodeName(view.node), ms: cluster.nodeTimeoutMs }];
  });
}
