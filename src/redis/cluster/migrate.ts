import type { ClusterIo } from '../node/cluster-io.ts';
import type { SeenNode } from '../node/observe.ts';
import { epochQuarrels } from '../slots/epochs.ts';
import { carryOutMigration, type Flight, type MigrationOptions } from '../slots/migration.ts';
import { StaleError } from '../slots/node-links.ts';
import type { Step } from './steps.ts';
import { type DeclaredCluster, isLeaving, nodeName, queryOf } from './topology.ts';
import { awaitEpochs } from './wait.ts';

/** What moving slots came to: a role that changed meanwhile is trouble, no failure, since the next round looks at what is open and goes on. */
export interface Migrated {
  readonly flights: readonly Flight[];
  readonly trouble: readonly string[];
}

type Views = ReadonlyMap<string, SeenNode>;

/** Moves slots only while no giver can claim them back. `first`: what the nodes said a moment ago. */
export async function migrate(
  cluster: DeclaredCluster,
  steps: readonly Step[],
  first: Views,
  io: ClusterIo,
  options: MigrationOptions,
): Promise<Migrated> {
  const flights: Flight[] = [];
  await keepLeavingApart(cluster, first, io);
  let views: Views | undefined = first;
  for (const part of inParts(steps)) {
    const moves = part.flatMap((step) => (step.do === 'move-slots' ? [{ from: step.node, to: step.to }] : []));
    if (!views || epochQuarrels([...views.values()], moves).length > 0) {
      const found = await awaitEpochs(cluster, io, options.stallMs, moves);
      views = new Map(found.flatMap((view) => (view.seen ? [[nodeName(view.node), view] as const] : [])));
    }
    try {
      flights.push(await carryOutMigration(part, views, io, options));
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      return { flights, trouble: [error.message] };
    }
    views = undefined;
  }
  return { flights, trouble: [] };
}

/** In no part a node both gives and takes: as a taker it would raise its config epoch above that of who takes from it. */
export function inParts(steps: readonly Step[]): Step[][] {
  const parts: { steps: Step[]; givers: Set<string>; takers: Set<string> }[] = [];
  for (const step of steps) {
    const [giver, taker] = step.do === 'move-slots' ? [step.node, step.to] : [];
    const last = parts.at(-1);
    const clashes =
      giver !== undefined &&
      taker !== undefined &&
      (last?.takers.has(giver) === true || last?.givers.has(taker) === true);
    const part = last && !clashes ? last : { steps: [], givers: new Set<string>(), takers: new Set<string>() };
    if (part !== last) parts.push(part);
    part.steps.push(step);
    if (giver !== undefined) part.givers.add(giver);
    if (taker !== undefined) part.takers.add(taker);
  }
  return parts.map((part) => part.steps);
}

/**
 * A master that gives its last slot away would become a replica of the taker, and its replicas too, each with a full sync: those that
 * leave need none. Servers before 6.2 do not know the setting; it goes with the process.
 */
async function keepLeavingApart(cluster: DeclaredCluster, views: Views, io: ClusterIo): Promise<void> {
  const leaving = [...views.values()].filter(({ node }) => isLeaving(cluster, node));
  const commands = [['CONFIG', 'SET', 'cluster-allow-replica-migration', 'no']];
  await Promise.all(leaving.map(async ({ node }) => await io.query(queryOf(node, commands))));
}
