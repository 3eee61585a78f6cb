import { TaskError, UnreachableError } from '../errors/errors.ts';
import { renderValue } from '../template/template.ts';
import { connect } from '../transport/connect.ts';
import type { Become, ConnectHooks, Connection, Shell, Target } from '../transport/contract.ts';
import { sleep } from './apply-context.ts';
import { toNumber } from './coerce.ts';
import type { PlayContext, Run } from './run-state.ts';
import { targetOf } from './target.ts';

const LONGEST_PAUSE_S = 30;

/** One connection per host for the whole run, made when first needed; a lost one is made again on the next need. */
export class ConnectionPool {
  readonly #run: Run;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #established = new Set<string>();

  constructor(run: Run) {
    this.#run = run;
  }

  async shell(host: string, become: Become | undefined, context: PlayContext | undefined): Promise<Shell> {
    return (await this.connection(host, context)).shell(become);
  }

  connection(host: string, context: PlayContext | undefined): Promise<Connection> {
    const known = this.#connections.get(host);
    if (known) return known;
    const { request } = this.#run;
    const hooks = { notice: (message: string) => request.emit({ event: 'warning' as const, host, message }) };
    const made = Promise.resolve()
      .then(() => this.#target(host, context))
      .then((target) => this.#connectPatiently(target, hooks, this.#retriesFor(host, context)))
      .then(async (connection) => {
        if (this.#run.locks.isHeld) await this.#run.locks.holdOn(host, connection);
        return connection;
      });
    this.#connections.set(host, made);
    // One that was dropped while it was being made says nothing of the next.
    const isCurrent = (): boolean => this.#connections.get(host) === made;
    made.then(
      () => isCurrent() && this.#established.add(host),
      (error: unknown) => {
        if (isCurrent() && !isRefusal(error)) this.#connections.delete(host);
      },
    );
    return made;
  }

  /** `retry_unreachable`: a connection that cannot be made is tried again, with growing pauses; a refusal is final. */
  async #connectPatiently(target: Target, hooks: ConnectHooks, retries: number): Promise<Connection> {
    const { request } = this.#run;
    for (let attempt = 1; ; attempt++) {
      try {
        return await connect(target, request.signal, hooks);
      } catch (error) {
        if (!(error instanceof UnreachableError) || error.refused || attempt > retries || request.signal.aborted)
          throw error;
        const pause = Math.min(LONGEST_PAUSE_S, 2 ** (attempt - 1));
        const message = `${error.message}; attempt ${attempt} of ${retries + 1}, the next in ${pause} s`;
        request.emit({ event: 'wait', host: target.name, task: 'connect', message });
        await sleep(pause * 1000, request.signal);
      }
    }
  }

  #retriesFor(host: string, context: PlayContext | undefined): number {
    const raw = context?.play.retryUnreachable;
    if (raw === undefined) return 0;
    const scope = this.#run.scope(this.#run.host(host), context);
    return toNumber(renderValue(raw, scope), 0, 'retry_unreachable');
  }

  /** Variables that do not say how to get to the host leave it unreachable, and the others alone. */
  #target(host: string, context: PlayContext | undefined): Target {
    try {
      return targetOf(this.#run.scope(this.#run.host(host), context), context?.play, this.#run.request);
    } catch (error) {
      throw error instanceof TaskError ? new UnreachableError(host, error.message, error.hint) : error;
    }
  }

  /** Whether the host could be reached, so that a failure is the loss of a connection. */
  isEstablished(host: string): boolean {
    return this.#established.has(host);
  }

  /** Forget a connection that was lost, so that the next need makes a new one. One that is still being made is not waited for. */
  async drop(host: string): Promise<void> {
    const known = this.#connections.get(host);
    this.#connections.delete(host);
    const closed = known?.then((connection) => connection.close()).catch(() => undefined);
    if (this.#established.delete(host)) await closed;
  }

  /** Let go of every host at once. Returns those that did not confirm the end of what ran there. */
  async abandonAll(): Promise<string[]> {
    const all = [...this.#connections];
    const outcomes = all.map(([host, made]) => made.then((connection) => (connection.abandon() ? [host] : [])));
    return (await Promise.all(outcomes.map((outcome) => outcome.catch(() => [])))).flat();
  }

  async closeAll(): Promise<void> {
    const all = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(all.map((made) => made.then((connection) => connection.close()).catch(() => undefined)));
  }
}

/** Not to be tried again with the same password. */
function isRefusal(error: unknown): boolean {
  return error instanceof UnreachableError && error.refused;
}
