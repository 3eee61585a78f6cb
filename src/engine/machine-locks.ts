import { LockedError, UnreachableError } from '../errors/errors.ts';
import { isProvenDead, thisHolder } from '../state/control-process.ts';
import {
  describeHolder,
  endRemainsScript,
  type Holder,
  type LockState,
  lockContent,
  nameHolder,
  parseLock,
  READ_LOCK,
  releaseLockScript,
  type ShellIdentity,
  takeLockScript,
} from '../state/lock.ts';
import type { Connection, Shell } from '../transport/contract.ts';
import { sleep } from './apply-context.ts';
import type { Run } from './run-state.ts';
import type { StateKeeper } from './state-keepers.ts';
import type { Way } from './ways.ts';

/** How long the remains of a killed run may take to end by themselves before they are ended. */
const REMAINS_MS = 15_000;
const POLL_MS = 100;
const LOST_RACE = 75;

/** The locks of single machines, each held by the session shell of who keeps the state there. */
export class MachineLocks {
  readonly #run: Run;
  readonly #holder: Holder;
  /** By machine. */
  readonly #generations = new Map<string, { readonly way: Way; readonly generation: number }>();
  /** The session shells that hold our locks, by machine. */
  readonly #shells = new Map<string, string>();
  /** The connections of these, by machine. */
  readonly #holding = new Map<string, Connection>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #secured = new WeakMap<Promise<Connection>, Promise<void>>();

  constructor(run: Run) {
    this.#run = run;
    const { controlPid, playbooks } = run.request;
    this.#holder = thisHolder(controlPid, playbooks.map(({ file }) => file).join(' '));
  }

  /** Whether the lock there is our own, and not one that serves another name of the same host. */
  isTaken({ machine }: Way): boolean {
    return this.#generations.has(machine);
  }

  /** Take the lock of the machine at the end of a way: once for each connection, and again when that which held it is lost. */
  secure(way: Way, made: Promise<Connection>): Promise<void> {
    const known = this.#secured.get(made);
    if (known && !this.#holding.get(way.machine)?.isLost) return known;
    const secured = made.then(async (connection) => {
      const keeper = await this.#holdInTurn(way);
      const holding = await this.#run.connections.open(keeper.way);
      this.#holding.set(way.machine, holding);
      for (const one of new Set([connection, holding])) this.#startHeartbeat(way.host, one);
    });
    this.#secured.set(made, secured);
    secured.catch(() => this.#secured.delete(made));
    return secured;
  }

  /** One after the other on one machine, so that what the first has taken the next finds. */
  #holdInTurn(way: Way): Promise<StateKeeper> {
    const before = this.#turns.get(way.machine) ?? Promise.resolve();
    const turn = before.then(() => this.#hold(way));
    this.#turns.set(
      way.machine,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** Its keeper holds the lock of a machine, over a new connection where the first was lost; who cannot come any more is relieved. */
  async #hold(way: Way): Promise<StateKeeper> {
    const { keepers, connections } = this.#run;
    const keeper = keepers.of(way);
    try {
      return await this.#take(keeper);
    } catch (error) {
      if (!(error instanceof UnreachableError) || keeper.way.id === way.id) throw error;
      await connections.drop(keeper.way);
    }
    try {
      return await this.#take(keeper);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      return this.#take(keepers.move(way));
    }
  }

  /** What changes things must not go on when this machine is gone. Its channels need not be there before the first change. */
  #startHeartbeat(host: string, connection: Connection): void {
    connection.startHeartbeat().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      const message = `no heartbeat, so a power cut here would not end what runs there: ${why}`;
      const hint = error instanceof UnreachableError ? error.hint : undefined;
      this.#run.request.emit({ event: 'warning', host, message, ...(hint && { hint }) });
    });
  }

  async #take(keeper: StateKeeper): Promise<StateKeeper> {
    const { request } = this.#run;
    const { host } = keeper.way;
    const shell = await this.stateShell(keeper);
    const started = performance.now();
    for (let told = false; ; ) {
      const state = parseLock((await shell.run(READ_LOCK)).stdout);
      if (state.status === 'free') {
        if (await this.#link(keeper.way, shell, state)) return keeper;
        continue;
      }
      if (this.#isHeldHere(keeper.way, shell, state)) return keeper;
      const waited = performance.now() - started;
      const remains = this.#isOurs(state) || (state.holder !== undefined && isProvenDead(state.holder));
      if (!remains && waited >= request.lockWaitMs) throw new LockedError(describeHolder(host, state.holder));
      if (remains && waited >= REMAINS_MS && state.shell) await shell.run(endRemainsScript(state.shell));
      if (!told) request.emit({ event: 'wait', host, task: 'lock', message: waitMessage(host, state, remains) });
      told = true;
      await sleep(POLL_MS, request.signal);
    }
  }

  async #link(way: Way, shell: Shell, state: LockState): Promise<boolean> {
    const { request } = this.#run;
    const { host, machine } = way;
    const content = lockContent(shell.identity, this.#holder);
    const reply = await shell.run(takeLockScript(state.generation), { stdin: content });
    if (reply.rc === LOST_RACE) return false;
    if (reply.rc !== 0) throw new LockedError(`the lock of ${host} cannot be taken: ${reply.stderr.trim()}`);
    this.#generations.set(machine, { way, generation: state.generation + 1 });
    this.#shells.set(machine, keyOf(shell.identity));
    // After a restart of the host the lock that it had before was this run's own.
    if (state.holder && !this.#isOurs(state)) {
      request.emit({
        event: 'warning',
        host,
        message: `took over the lock of a run that has died: ${nameHolder(state.holder)}`,
      });
    }
    return true;
  }

  /** By this very shell, for another way; or under another name of the same host, whose lock serves both. */
  #isHeldHere({ machine }: Way, shell: Shell, state: LockState): boolean {
    const key = state.shell && keyOf(state.shell);
    if (key === keyOf(shell.identity)) return true;
    return [...this.#shells].some(([other, held]) => other !== machine && held === key);
  }

  /** Held by a shell of this run whose connection was lost: what it still does is waited for. */
  #isOurs(state: LockState): boolean {
    const { controlHost, controlPid, controlStartTime } = this.#holder;
    const { holder } = state;
    return (
      holder?.controlHost === controlHost &&
      holder.controlPid === controlPid &&
      holder.controlStartTime === controlStartTime
    );
  }

  async releaseAll(): Promise<void> {
    const held = [...this.#generations.values()];
    this.#generations.clear();
    await Promise.all(
      held.map(async ({ way, generation }) => {
        try {
          await (await this.stateShell(this.#run.keepers.of(way))).run(releaseLockScript(generation));
        } catch {
          // The lock ends with its shell; only the note that this was no crash is missing.
        }
      }),
    );
  }

  /** Of who keeps the state of a machine, whatever is locked. */
  async stateShell({ way, become }: StateKeeper): Promise<Shell> {
    return (await this.#run.connections.open(way)).shell(become);
  }
}

function keyOf(shell: ShellIdentity): string {
  return `${shell.bootId} ${shell.pid} ${shell.startTime}`;
}

function waitMessage(host: string, state: LockState, remains: boolean): string {
  return remains
    ? `waiting for what a killed run left on ${host} to end`
    : `waiting: ${describeHolder(host, state.holder)}`;
}
