import { UnreachableError } from '../errors/errors.ts';
import { renderValue } from '../template/template.ts';
import { connect } from '../transport/connect.ts';
import type { Become, ConnectHooks, Connection, Shell } from '../transport/contract.ts';
import { sleep } from './apply-context.ts';
import { toNumber } from './coerce.ts';
import type { Run } from './run-state.ts';
import type { Way } from './ways.ts';

const LONGEST_PAUSE_S = 30;

interface Entry {
  readonly way: Way;
  readonly made: Promise<Connection>;
  isEstablished: boolean;
}

/** One connection for each way to a host for the whole run, made when first needed; a lost one is made again on the next need. */
export class ConnectionPool {
  readonly #run: Run;
  readonly #entries = new Map<string, Entry>();

  constructor(run: Run) {
    this.#run = run;
  }

  async shell(way: Way, become: Become | undefined): Promise<Shell> {
    return (await this.connection(way)).shell(become);
  }

  /** While the run holds its locks, with that of the machine that the way leads to. */
  async connection(way: Way): Promise<Connection> {
    const made = this.open(way);
    await this.#run.locks.holdFor(way, made);
    return made;
  }

  /** The connection alone, whatever is locked. `retries`: other than the play's. */
  open(way: Way, retries?: number): Promise<Connection> {
    const known = this.#entries.get(way.id);
    if (known) return known.made;
    const { request } = this.#run;
    const notice = (message: string) => request.emit({ event: 'warning' as const, host: way.host, message });
    const made = Promise.resolve().then(() => this.#connectPatiently(way, { notice }, retries));
    const entry: Entry = { way, made, isEstablished: false };
    this.#entries.set(way.id, entry);
    made.then(
      () => {
        entry.isEstablished = true;
      },
      (error: unknown) => {
        // One that was dropped while it was being made says nothing of the next.
        if (this.#entries.get(way.id) === entry && !isRefusal(error)) this.#entries.delete(way.id);
      },
    );
    return made;
  }

  /** `retry_unreachable`: a connection that cannot be made is tried again, with growing pauses; a refusal is final. */
  async #connectPatiently(way: Way, hooks: ConnectHooks, retries = this.#retriesFor(way)): Promise<Connection> {
    const { request } = this.#run;
    const { target } = way;
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

  #retriesFor({ host, context }: Way): number {
    const raw = context?.play.retryUnreachable;
    if (raw === undefined) return 0;
    const scope = this.#run.scope(this.#run.host(host), context);
    return toNumber(renderValue(raw, scope), 0, 'retry_unreachable');
  }

  /** Whether the host could be reached this way, so that a failure is the loss of a connection. */
  isEstablished({ id }: Way): boolean {
    return this.#entries.get(id)?.isEstablished ?? false;
  }

  /** Forget a connection that was lost, so that the next need makes a new one. One that is still being made is not waited for. */
  async drop({ id }: Way): Promise<void> {
    const known = this.#entries.get(id);
    this.#entries.delete(id);
    const closed = known?.made.then((connection) => connection.close()).catch(() => undefined);
    if (known?.isEstablished) await closed;
  }

  /** The same for all connections to a machine: it was restarted. */
  async dropAll({ machine }: Way): Promise<void> {
    const ways = [...this.#entries.values()].map(({ way }) => way);
    await Promise.all(ways.filter((way) => way.machine === machine).map((way) => this.drop(way)));
  }

  /** Let go of every host at once. Returns those that did not confirm the end of what ran there. */
  async abandonAll(): Promise<string[]> {
    const outcomes = [...this.#entries.values()].map(({ way, made }) =>
      made.then((connection) => (connection.abandon() ? [way.host] : [])),
    );
    const hosts = await Promise.all(outcomes.map((outcome) => outcome.catch(() => [])));
    return [...new Set(hosts.flat())];
  }

  async closeAll(): Promise<void> {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map(({ made }) => made.then((connection) => connection.close()).catch(() => undefined)));
  }
}

/** Not to be tried again with the same password. */
function isRefusal(error: unknown): boolean {
  return error instanceof UnreachableError && error.refused;
}
