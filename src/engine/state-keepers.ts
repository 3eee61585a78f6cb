import { TaskError } from '../errors/errors.ts';
import type { Become } from '../transport/contract.ts';
import { toBoolean } from './coerce.ts';
import type { Run } from './run-state.ts';
import { rootOf } from './target.ts';
import type { Way } from './ways.ts';

/** Who keeps on a machine what runs leave there: its lock, owed handlers, records of nodes. */
export interface StateKeeper {
  readonly way: Way;
  readonly become: Become | undefined;
}

/**
 * One keeper for each machine of a run, however many users its plays connect as: who came there first. Another would look into
 * another directory where neither is root, and find neither the lock nor what is owed.
 */
export class StateKeepers {
  readonly #run: Run;
  readonly #byMachine = new Map<string, StateKeeper>();
  readonly #firstWays = new Map<string, string>();

  constructor(run: Run) {
    this.#run = run;
  }

  of(way: Way): StateKeeper {
    return this.#byMachine.get(way.machine) ?? this.move(way);
  }

  /** From now on it is who comes this way: who kept it cannot come any more. */
  move(way: Way): StateKeeper {
    const keeper = { way, become: this.#becomeOn(way) };
    this.#byMachine.set(way.machine, keeper);
    if (!this.#firstWays.has(way.host)) this.#firstWays.set(way.host, way.id);
    return keeper;
  }

  /** Whether this is how the run came to the host first. */
  isFirst(way: Way): boolean {
    return this.of(way).way.id === way.id && this.#firstWays.get(way.host) === way.id;
  }

  /** Root where any task becomes root, else the user who connects. */
  #becomeOn({ host, target, context }: Way): Become | undefined {
    const { request, becomesRoot } = this.#run;
    const scope = this.#run.scope(this.#run.host(host), context);
    try {
      const wanted = becomesRoot || request.defaults.become || toBoolean(scope.lookupTrusted('ansible_become'));
      return wanted ? rootOf(scope, target, request) : undefined;
    } catch (error) {
      // Variables that make no sense: the first task that needs the host says so, with its place.
      if (error instanceof TaskError) return undefined;
      throw error;
    }
  }
}
