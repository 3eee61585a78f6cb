import { TaskError } from '../../errors/errors.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import type { Flight } from '../slots/migration.ts';
import { stillAnswering } from './last-look.ts';
import { hasChanges, planCluster } from './plan.ts';
import { type FormOptions, Round } from './round.ts';
import type { Pace } from './settings.ts';
import type { DeclaredCluster } from './topology.ts';

/** A command whose outcome is not known, or that came too late or too early, is looked at again, not repeated blindly. */
const MAX_ROUNDS = 6;

export interface Formed {
  readonly views: readonly NodeView[];
  /** What was done, in order. */
  readonly steps: readonly string[];
  /** Whether any of it lasts: waiting alone changes nothing. */
  readonly changed: boolean;
  /** One for each time that slots were moved. */
  readonly flights: readonly Flight[];
}

/** Brings the observed cluster to the declared one: plan, carry out, look again, until the plan is empty. */
export async function form(
  cluster: DeclaredCluster,
  first: readonly NodeView[],
  io: ClusterIo,
  options: FormOptions,
): Promise<Formed> {
  const steps: string[] = [];
  const paces = new Map<string, Pace>();
  const flights: Flight[] = [];
  let views = first;
  let trouble: string[] = [];
  let changed = false;
  for (let round = 0; ; round += 1) {
    const plan = planCluster(cluster, views);
    if (plan.refusals.length > 0) throw round === 0 ? refused(plan.refusals) : stopped(plan.refusals, steps);
    if (plan.steps.length === 0) return { views, steps, changed, flights };
    if (round === MAX_ROUNDS) throw stopped([`no end after ${MAX_ROUNDS} rounds`, ...trouble], steps);
    const alive = await stillAnswering(plan.steps, seenOf(views), io);
    if (alive.length > 0) throw round === 0 ? refused(alive) : stopped(alive, steps);
    changed ||= hasChanges(plan);
    const run = new Round(cluster, views, io, options, paces);
    try {
      await run.carryOut(plan.steps, steps);
      flights.push(...run.flights);
    } catch (error) {
      await run.restoreQuietly();
      throw error;
    }
    trouble = run.trouble;
    views = await observeAll(cluster, io);
  }
}

function stopped(reasons: readonly string[], steps: readonly string[]): TaskError {
  return new TaskError(`the cluster did not reach the declared state: ${reasons.join('; ')}`, {
    details: { steps, reasons },
  });
}

export function refused(refusals: readonly string[]): TaskError {
  return new TaskError(`nothing was changed: ${refusals.join('; ')}`, { details: { refusals } });
}

function seenOf(views: readonly NodeView[]): SeenNode[] {
  return views.filter((view) => view.seen);
}
