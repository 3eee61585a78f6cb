import { TaskError, UnreachableError } from '../errors/errors.ts';
import type { ConnectionKeywords } from '../playbook/contract.ts';
import { TemplateError, UndefinedNameError } from '../template/values.ts';
import type { Target } from '../transport/contract.ts';
import type { PlayContext, Run, TaskVariables } from './run-state.ts';
import type { HostScope } from './scope.ts';
import { targetOf } from './target.ts';

/** How a task gets to a host: what its own settings say. Equal settings, from whichever play or task, share one connection. */
export interface Way {
  readonly host: string;
  readonly target: Target;
  /** Whose settings these are; without a play, the inventory's. */
  readonly context: PlayContext | undefined;
  /** The same for equal settings. */
  readonly id: string;
  /**
   * The same for ways that end on one machine, as whichever user: this one or, at its address, the host. What a run keeps there
   * (its lock, what is owed) it keeps once.
   */
  readonly machine: string;
}

export class Ways {
  readonly #run: Run;
  readonly #ids = new Map<string, string>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** As what a play's tasks have in common gets to a host. Variables that do not say how leave it unreachable, and the others alone. */
  to(host: string, context: PlayContext | undefined, task?: TaskVariables): Way {
    try {
      return this.of(this.#run.scope(this.#run.host(host), context, task), context);
    } catch (error) {
      if (error instanceof TaskError) throw new UnreachableError(host, error.message, error.hint);
      // A name that is not known yet, or a template that cannot be rendered.
      if (error instanceof UndefinedNameError || error instanceof TemplateError)
        throw new UnreachableError(host, error.message);
      throw error;
    }
  }

  /** As the host of this scope is reached with the variables that are seen there. Throws TaskError where they make no sense. */
  of(
    scope: HostScope,
    context: PlayContext | undefined,
    keywords: ConnectionKeywords | undefined = context?.play,
  ): Way {
    const target = targetOf(scope, keywords, this.#run.request);
    const host = target.name;
    const machine = target.connection === 'local' ? `${host} local` : `${host} at ${target.address}`;
    return { host, target, context, id: this.#idOf(target), machine };
  }

  /** From where a task is at work to a host that it touches beside its own. */
  from(way: Way, host: string): Way {
    return host === way.host ? way : this.to(host, way.context);
  }

  /** Short, since what was read is known by it. */
  #idOf(target: Target): string {
    const settings = JSON.stringify(target);
    const id = this.#ids.get(settings) ?? String(this.#ids.size + 1);
    this.#ids.set(settings, id);
    return id;
  }
}
