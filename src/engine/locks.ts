import { UnreachableError } from '../errors/errors.ts';
import type { Play } from '../playbook/contract.ts';
import { parseRecords, READ_RECORDS } from '../state/cluster-record.ts';
import type { Connection } from '../transport/contract.ts';
import { MachineLocks } from './machine-locks.ts';
import type { PlayContext, Run } from './run-state.ts';
import { hostsAmong } from './same-host.ts';
import type { Way } from './ways.ts';

/**
 * The locks of all hosts of the run and, when it works on Redis, of all nodes of their clusters: taken before the first change, all or
 * nothing, and held by the session shells. A machine has one, whatever the ways that the run comes by.
 */
export class RunLocks {
  readonly #run: Run;
  readonly #machines: MachineLocks;
  /** Hosts of the run's plays, each with the plays that may lead to machines of their own. */
  readonly #expected = new Map<string, Map<Play | undefined, PlayContext>>();
  /** Machines. */
  readonly #tried = new Set<string>();
  #acquiring: Promise<void> = Promise.resolve();
  #held = false;

  constructor(run: Run) {
    this.#run = run;
    this.#machines = new MachineLocks(run);
  }

  /** Hosts of one of the run's plays, whatever `--limit` says. */
  expect(context: PlayContext, names: readonly string[]): void {
    const key = saysWhere(context.play) ? context.play : undefined;
    for (const name of names) {
      const plays = this.#expected.get(name) ?? new Map<Play | undefined, PlayContext>();
      if (!plays.has(key)) plays.set(key, context);
      this.#expected.set(name, plays);
    }
  }

  get isHeld(): boolean {
    return this.#held;
  }

  /** Whether the machines at the end of all of these are locked by this run, as far as they can be reached. */
  cover(ways: readonly Way[]): boolean {
    return this.#held && ways.every(({ machine }) => this.#tried.has(machine));
  }

  /**
   * Lock the hosts of the run's plays and the machines at the end of these ways. Throws LockedError naming the holder; then nothing
   * is held. What was read before may be outdated and is forgotten.
   */
  acquire(context: PlayContext, ways: readonly Way[] = []): Promise<void> {
    this.#acquiring = this.#acquiring.then(() => this.#acquireMissing(context, ways));
    return this.#acquiring;
  }

  /** While locks are held, a connection is not used before that of its machine is. */
  async holdFor(way: Way, made: Promise<Connection>): Promise<void> {
    if (this.#held) await this.#machines.secure(way, made);
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#machines.releaseAll();
  }

  async #acquireMissing(context: PlayContext, ways: readonly Way[]): Promise<void> {
    const known = this.#tried.size;
    let missing = this.#missing([...ways, ...this.#expectedWays()]);
    while (missing.length > 0) {
      for (const { machine } of missing) this.#tried.add(machine);
      const outcomes = await Promise.allSettled(missing.map((way) => this.#takeOn(way)));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure?.status === 'rejected') {
        await this.#machines.releaseAll();
        throw failure.reason;
      }
      missing = this.#run.worksOnRedis ? this.#missing(await this.#clusterMates(missing, context)) : [];
    }
    if (this.#tried.size === known) return;
    this.#held = true;
    for (const host of this.#run.hosts.values()) host.forgetReads();
    this.#run.reader.forgetNodes();
  }

  #expectedWays(): Way[] {
    const plays = [...this.#expected].flatMap(([name, contexts]) =>
      [...contexts.values()].map((one) => [name, one] as const),
    );
    return plays.flatMap(([name, context]) => this.#wayTo(name, context));
  }

  /** None, and a warning, where variables do not say how to get there. */
  #wayTo(host: string, context: PlayContext): Way[] {
    try {
      return [this.#run.ways.to(host, context)];
    } catch (error) {
      this.#warnOfNoLock(host, error);
      return [];
    }
  }

  /** One for each machine that no lock was tried to be taken on. */
  #missing(ways: readonly Way[]): Way[] {
    const byMachine = new Map(ways.toReversed().map((way) => [way.machine, way]));
    return [...byMachine.values()].filter(({ machine }) => !this.#tried.has(machine));
  }

  /** Another run may know only other hosts of the same cluster: what was recorded on these tells who belongs to it. */
  async #clusterMates(ways: readonly Way[], context: PlayContext): Promise<Way[]> {
    const records = await Promise.all(
      ways.map(async (way) => {
        if (!this.#machines.isTaken(way)) return [];
        const shell = await this.#machines.stateShell(this.#run.keepers.of(way));
        return parseRecords((await shell.run(READ_RECORDS)).stdout);
      }),
    );
    const names = hostsAmong(
      this.#run,
      records.flat().flatMap(({ nodes }) => nodes),
    );
    return names.flatMap((name) => this.#wayTo(name, context));
  }

  async #takeOn(way: Way): Promise<void> {
    if (this.#run.host(way.host).unreachable) return;
    try {
      // A host that a later play waits for may come into being by what waits for this lock.
      await this.#machines.secure(way, this.#run.connections.open(way, 0));
    } catch (error) {
      this.#warnOfNoLock(way.host, error);
    }
  }

  #warnOfNoLock(host: string, error: unknown): void {
    if (!(error instanceof UnreachableError)) throw error;
    this.#run.request.emit({ event: 'warning', host, message: `its lock could not be taken: ${error.message}` });
  }
}

/** Whether a play may lead its hosts to other machines than the inventory does. */
function saysWhere({ connection, vars, varsFiles, prompts, exposed }: Play): boolean {
  const files = varsFiles.flatMap(({ candidates }) => candidates);
  const layers = [...vars, ...files, ...exposed.defaults, ...exposed.vars].map((layer) => Object.keys(layer.vars));
  const names = [...layers.flat(), ...prompts.map(({ name }) => name)];
  return connection !== undefined || names.some((name) => /^ansible_(connection|host|ssh_host)$/.test(name));
}
