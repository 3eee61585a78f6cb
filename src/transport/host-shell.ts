import { InterruptedError } from '../errors/errors.ts';
import type { Reply, Shell, ShOptions } from './contract.ts';
import type { Identity } from './handshake.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Session } from './session.ts';

/** How a host's shell gets what it needs from its connection. */
export interface ShellSource {
  openSession(): Promise<Session>;
  openHeartbeat(identity: Identity): Promise<Heartbeat>;
}

/**
 * The shell that callers see. A script that left children with the session's output makes it open a fresh session for the
 * next script, so that their late lines are never taken for another script's; the first session stays, it holds the locks.
 */
export class HostShell implements Shell {
  readonly #source: ShellSource;
  readonly #first: Session;
  #current: Session;
  #last: Promise<unknown> = Promise.resolve();
  #heartbeats: Heartbeat[] | undefined;
  #cancelled = 0;

  constructor(source: ShellSource, first: Session) {
    this.#source = source;
    this.#first = first;
    this.#current = first;
  }

  get identity(): Identity {
    return this.#first.identity;
  }

  run(script: string, options?: ShOptions): Promise<Reply> {
    const epoch = this.#cancelled;
    const turn = this.#last.then(async () => {
      if (epoch !== this.#cancelled) {
        throw new InterruptedError('Interrupted before it was started');
      }
      return (await this.#usable()).run(script, options);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async cancel(): Promise<void> {
    this.#cancelled++;
    await this.#current.cancel();
    await this.#last;
  }

  async startHeartbeat(): Promise<void> {
    if (this.#heartbeats === undefined) {
      this.#heartbeats = [];
      await this.#watch(this.#current);
    }
  }

  async close(): Promise<void> {
    this.#cancelled++;
    const sessions = [...new Set([this.#first, this.#current])];
    // Without a watcher nothing was to change here, and then nobody need see that what is idle has ended.
    if (this.#heartbeats === undefined && !sessions.some((session) => session.isBusy)) {
      for (const session of sessions) session.leave();
      return;
    }
    await Promise.all(sessions.map((session) => session.close()));
    for (const heartbeat of this.#heartbeats ?? []) {
      heartbeat.close();
    }
  }

  async #usable(): Promise<Session> {
    const worn = this.#current;
    if (!worn.tainted) {
      return worn;
    }
    this.#current = await this.#source.openSession();
    if (worn !== this.#first) {
      await worn.close();
    }
    if (this.#heartbeats !== undefined) {
      await this.#watch(this.#current);
    }
    return this.#current;
  }

  async #watch(session: Session): Promise<void> {
    await session.ready();
    this.#heartbeats?.push(await this.#source.openHeartbeat(session.identity));
  }
}
