import { TaskError } from '../../errors/errors.ts';
import { type DeclaredCluster, type DeclaredNode, nodeName } from '../cluster/topology.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { NodeView } from '../node/observe.ts';
import { failOver } from './failover.ts';
import type { FlightRecorder, FlightReport } from './flight.ts';
import { awaitHealth } from './health.ts';
import { giveMastersBack } from './masters-back.ts';
import { describeRolling, planRolling, type RollingOptions, type RollingStep } from './plan-rolling.ts';
import { rollingNodes } from './rolling-node.ts';

/** What happens on the hosts; each resolves when the node answers again and has loaded its data. */
export interface RollingHands {
  /** Nodes to restart, with the version that they will run then. Looked at anew before each wave, never remembered. */
  due(views: readonly NodeView[]): Promise<RollingOptions['targets']>;
  restart(node: DeclaredNode): Promise<void>;
  start(node: DeclaredNode): Promise<void>;
  /** Called for each restarted node once the whole cluster is well with it. */
  after(node: DeclaredNode): Promise<void>;
}

export interface Guard {
  readonly p99Ms?: number | undefined;
  readonly errors?: number | undefined;
}

export interface RollSettings extends Omit<RollingOptions, 'targets'> {
  readonly stallMs: number;
  readonly guard: Guard;
}

export interface Rolled {
  readonly steps: readonly string[];
  readonly restarted: readonly string[];
  readonly flight: FlightReport | undefined;
  readonly views: readonly NodeView[];
}

/** Restarts what is due, wave by wave; before each the whole cluster is well again, and the order is planned from what is seen. */
export async function roll(
  cluster: DeclaredCluster,
  io: ClusterIo,
  hands: RollingHands,
  settings: RollSettings,
  recorderFor: (views: readonly NodeView[]) => FlightRecorder | undefined,
): Promise<Rolled> {
  const operation = new Operation(cluster, io, hands, settings);
  const flight = recorderFor(await observeAll(cluster, io));
  flight?.start();
  try {
    const views = await operation.run(flight);
    return { ...operation.done, flight: await flight?.stop(), views };
  } catch (error) {
    const report = await flight?.stop();
    if (error instanceof TaskError) throw operation.stopped(error, report);
    throw error;
  }
}

class Operation {
  readonly #cluster: DeclaredCluster;
  readonly #io: ClusterIo;
  readonly #hands: RollingHands;
  readonly #settings: RollSettings;
  readonly #steps: string[] = [];
  readonly #handled = new Set<string>();
  /** Restarted in the last wave. */
  readonly #back: DeclaredNode[] = [];
  #left: readonly string[] = [];

  constructor(cluster: DeclaredCluster, io: ClusterIo, hands: RollingHands, settings: RollSettings) {
    this.#cluster = cluster;
    this.#io = io;
    this.#hands = hands;
    this.#settings = settings;
  }

  get done(): Pick<Rolled, 'steps' | 'restarted'> {
    return { steps: this.#steps, restarted: [...this.#handled] };
  }

  async run(flight: FlightRecorder | undefined): Promise<readonly NodeView[]> {
    for (;;) {
      const views = await this.#look();
      const targets = await this.#hands.due(views);
      this.#left = [...targets.keys()];
      const stubborn = this.#left.filter((name) => this.#handled.has(name));
      if (stubborn.length > 0)
        throw new TaskError(
          `${stubborn.join(', ')} was restarted and still owes a restart: what its process uses is not what its file and the installed server say`,
        );
      const canary = this.#settings.canary === true ? this.#handled.size === 0 : this.#settings.canary;
      const plan = planRolling(rollingNodes(this.#cluster, views), { ...this.#settings, canary, targets });
      if (plan.refusals.length > 0) throw new TaskError(plan.refusals.join('; '));
      const [wave] = plan.waves;
      if (!wave) return await this.#finish(views);
      this.#checkGuard(flight);
      await this.#carryOut(wave);
    }
  }

  async #finish(views: readonly NodeView[]): Promise<readonly NodeView[]> {
    if (this.#handled.size === 0) return views;
    const spread = await giveMastersBack(this.#cluster, this.#io, this.#settings.stallMs);
    this.#steps.push(...spread);
    return spread.length > 0 ? await observeAll(this.#cluster, this.#io) : views;
  }

  /** A node that is down is started before anything else is looked at: a killed run may have left it so. */
  async #look(): Promise<readonly NodeView[]> {
    const views = await observeAll(this.#cluster, this.#io);
    const down = views.filter((view) => !view.seen && view.kind === 'refused').map(({ node }) => nodeName(node));
    const again = down.filter((name) => this.#handled.has(name));
    if (again.length > 0) throw new TaskError(`${again.join(', ')} was started and is down again: see its log`);
    if (down.length > 0) return views;
    const well = await awaitHealth(this.#cluster, this.#io, this.#settings.stallMs);
    for (const node of this.#back.splice(0)) await this.#hands.after(node);
    return well;
  }

  #checkGuard(flight: FlightRecorder | undefined): void {
    if (!flight) return;
    const { p99Ms, errors } = flight.figures;
    const { guard } = this.#settings;
    if (guard.errors !== undefined && errors > guard.errors) {
      throw new TaskError(`the guard allows ${guard.errors} errors of clients and there were ${errors}`);
    }
    if (guard.p99Ms !== undefined && p99Ms > guard.p99Ms) {
      throw new TaskError(`the guard allows a p99 of ${guard.p99Ms} ms and it was ${p99Ms.toFixed(1)} ms`);
    }
  }

  /** Failovers one after the other, since two at once would need the same votes; the rest of the wave together. */
  async #carryOut(wave: readonly RollingStep[]): Promise<void> {
    for (const step of wave) {
      if (step.do !== 'fail-over') continue;
      await failOver(this.#cluster, this.#node(step.node), this.#io);
      this.#steps.push(describeRolling(step));
    }
    const outcomes = await Promise.allSettled(wave.map(async (step) => await this.#take(step)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  async #take(step: RollingStep): Promise<void> {
    if (step.do === 'fail-over') return;
    const node = this.#node(step.node);
    this.#io.progress(describeRolling(step));
    if (step.do === 'start') await this.#hands.start(node);
    else {
      await this.#hands.restart(node);
      this.#back.push(node);
    }
    this.#handled.add(step.node);
    this.#steps.push(describeRolling(step));
  }

  #node(name: string): DeclaredNode {
    const node = this.#cluster.nodes.find((one) => nodeName(one) === name);
    if (!node) throw new TaskError(`${name} is no node of cluster ${this.#cluster.name}`);
    return node;
  }

  /** Stopped safely: what is up stays up, and the next run goes on with what is left. */
  stopped(error: TaskError, flight: FlightReport | undefined): TaskError {
    const left = this.#left.filter((name) => !this.#handled.has(name));
    const begun = this.#steps.length === 0 ? 'nothing was restarted' : `stopped after ${this.#steps.length} steps`;
    const rest = left.length > 0 ? `; left as they are: ${left.join(', ')}` : '';
    return new TaskError(`${begun}: ${error.message}${rest}`, {
      hint: error.hint ?? 'the same command goes on with what is left',
      details: { ...error.details, steps: this.#steps, left, flight },
    });
  }
}
