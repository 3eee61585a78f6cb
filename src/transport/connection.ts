import type { Duplex } from 'node:stream';
import { UnreachableError } from '../errors/errors.ts';
import { startAs } from './become.ts';
import { becomeName } from './become-methods.ts';
import type { Carrier } from './carrier.ts';
import type { Become, Connection, Shell } from './contract.ts';
import { Heartbeat } from './heartbeat.ts';
import { HostShell, type ShellSource } from './host-shell.ts';
import { Session } from './session.ts';

/** One host's shells, one per become user, over whatever carries them. */
export class HostConnection implements Connection {
  readonly host: string;
  readonly #carrier: Carrier;
  readonly #shells = new Map<string, Promise<HostShell>>();
  readonly #sessions: Session[] = [];
  /** What become was refused with, by all that was tried: a wrong password is given once, not until the account is locked. */
  readonly #refusals = new Map<string, UnreachableError>();
  #beating = false;

  constructor(host: string, carrier: Carrier) {
    this.host = host;
    this.#carrier = carrier;
  }

  get isLost(): boolean {
    return this.#carrier.isLost;
  }

  async shell(become: Become | undefined): Promise<Shell> {
    const key = become === undefined || become.user === this.#carrier.user ? '' : becomeName(become);
    const tried = JSON.stringify(become);
    const refusal = this.#refusals.get(tried);
    if (refusal !== undefined) {
      throw refusal;
    }
    let shell = this.#shells.get(key);
    if (shell === undefined) {
      shell = this.#openShell(become);
      this.#shells.set(key, shell);
      shell.catch((error: unknown) => {
        this.#shells.delete(key);
        if (error instanceof UnreachableError && error.refused) {
          this.#refusals.set(tried, error);
        }
      });
    }
    return await shell;
  }

  openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex> {
    return this.#carrier.openStream(to);
  }

  async startHeartbeat(): Promise<void> {
    this.#beating = true;
    await Promise.all([...this.#shells.values()].map(async (shell) => (await shell).startHeartbeat()));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#shells.values()].map(async (shell) => (await shell).close()));
    await this.#carrier.close();
  }

  abandon(): boolean {
    const isBusy = this.#sessions.some((session) => session.isBusy);
    this.#carrier.abandon();
    return isBusy;
  }

  async #openShell(become: Become | undefined): Promise<HostShell> {
    const directory = become === undefined ? this.#carrier.startDirectory : 'become home';
    const source: ShellSource = {
      openSession: async () => {
        const channel = await startAs(this.host, this.#carrier, become);
        const session = new Session(this.host, channel, directory);
        this.#sessions.push(session);
        return session;
      },
      openHeartbeat: async (identity) => new Heartbeat(await startAs(this.host, this.#carrier, become), identity),
    };
    const session = await source.openSession();
    // Without become the first script may follow at once: one round trip less. With it, the wrong password must be told here.
    const shell = new HostShell(source, become === undefined ? session : await session.ready());
    if (this.#beating) {
      await shell.startHeartbeat();
    }
    return shell;
  }
}
