import { LockedError, UnreachableError } from '../errors/errors.ts';
import { parseRecords, READ_RECORDS } from '../state/cluster-record.ts';
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
import { hostsAmong } from './same-host.ts';

/** How long the remains of a killed run may take to end by themselves before they are ended. */
const REMAINS_MS = 15_000;
const POLL_MS = 100;
const LOST_RACE = 75;

/**
 * The locks of all hosts of the run and, when it works on Redis, of all nodes of their clusters: taken before the first change, all or
 * nothing, and held by the session shells.
 */
export class RunLocks {
  readonly #run: Run;
  readonly #holder: Holder;
  readonly #hosts = new Set<string>();
  readonly #generations = new Map<string, number>();
  /** The session shells that hold our locks, by host. */
  readonly #shells = new Map<string, string>();
  readonly #tried = new Set<string>();
  #acquiring: Promise<void> = Promise.resolve();
  #held = false;

  constructor(run: Run) {
    this.#run = run;
    const { controlPid, playbooks } = run.request;
    this.#holder = thisHolder(controlPid, playbooks.map(({ file }) => file).join(' '));
  }

  /** Hosts of the run's plays, whatever `--limit` says. */
  addHosts(names: readonly string[]): void {
    for (const name of names) this.#hosts.add(name);
  }

  get isHeld(): boolean {
    return this.#held;
  }

  /** Whether all of these hosts are locked by this run, as far as they can be reached. */
  cover(names: readonly string[]): boolean {
    return this.#held && names.every((name) => this.#tried.has(name));
  }

  /**
   * Lock the hosts of the run's plays and these. Throws LockedError naming the holder; then nothing is held. What was read
   * before may be outdated and is forgotten.
   */
  acquire(names: readonly string[] = []): Promise<void> {
    this.addHosts(names);
    this.#acquiring = this.#acquiring.then(() => this.#acquireMissing());
    return this.#acquiring;
  }

  /** A connection made while the locks are held gets its lock before its first use. */
  async holdOn(host: string, connection: Connection): Promise<void> {
    await this.#take(host, await this.#stateShell(host, connection));
    this.#startHeartbeat(host, connection);
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#releaseAll();
  }

  async #acquireMissing(): Promise<void> {
    const known = this.#tried.size;
    for (let missing = this.#missing(); missing.length > 0; missing = this.#missing()) {
      for (const host of missing) this.#tried.add(host);
      const outcomes = await Promise.allSettled(missing.map((host) => this.#takeOn(host)));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure?.status === 'rejected') {
        await this.#releaseAll();
        throw failure.reason;
      }
      if (this.#run.worksOnRedis) await this.#addClusterMates(missing);
    }
    if (this.#tried.size === known) return;
    this.#held = true;
    for (const host of this.#run.hosts.values()) host.forgetReads();
    this.#run.reader.forgetNodes();
  }

  #missing(): string[] {
    return [...this.#hosts].filter((host) => !this.#tried.has(host));
  }

  /** Another run may know only other hosts of the same cluster: what was recorded on these tells who belongs to it. */
  async #addClusterMates(hosts: readonly string[]): Promise<void> {
    const records = await Promise.all(
      hosts.map(async (host) => {
        if (!this.#generations.has(host)) return [];
        const shell = await this.#stateShell(host, await this.#run.connections.connection(host, undefined));
        return parseRecords((await shell.run(READ_RECORDS)).stdout);
      }),
    );
    this.addHosts(
      hostsAmong(
        this.#run,
        records.flat().flatMap(({ nodes }) => nodes),
      ),
    );
  }

  async #takeOn(host: string): Promise<void> {
    if (this.#run.host(host).unreachable) return;
    try {
      const connection = await this.#run.connections.connection(host, undefined);
      await this.holdOn(host, connection);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      this.#run.request.emit({ event: 'warning', host, message: `its lock could not be taken: ${error.message}` });
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

  async #take(host: string, shell: Shell): Promise<void> {
    const { request } = this.#run;
    const started = performance.now();
    for (let told = false; ; ) {
      const state = parseLock((await shell.run(READ_LOCK)).stdout);
      if (state.status === 'free') {
        if (await this.#link(host, shell, state)) return;
        continue;
      }
      // Two names of one host: the lock that this run took under the other name serves both.
      if (this.#isHeldUnderAnotherName(host, state)) return;
      const waited = performance.now() - started;
      const remains = this.#isOurs(state) || (state.holder !== undefined && isProvenDead(state.holder));
      if (!remains && waited >= request.lockWaitMs) throw new LockedError(describeHolder(host, state.holder));
      if (remains && waited >= REMAINS_MS && state.shell) await shell.run(endRemainsScript(state.shell));
      if (!told) request.emit({ event: 'wait', host, task: 'lock', message: waitMessage(host, state, remains) });
      told = true;
      await sleep(POLL_MS, request.signal);
    }
  }

  async #link(host: string, shell: Shell, state: LockState): Promise<boolean> {
    const { request } = this.#run;
    const content = lockContent(shell.identity, this.#holder);
    const reply = await shell.run(takeLockScript(state.generation), { stdin: content });
    if (reply.rc === LOST_RACE) return false;
    if (reply.rc !== 0) throw new LockedError(`the lock of ${host} cannot be taken: ${reply.stderr.trim()}`);
    this.#generations.set(host, state.generation + 1);
    this.#shells.set(host, keyOf(shell.identity));
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

  #isHeldUnderAnotherName(host: string, state: LockState): boolean {
    const key = state.shell && keyOf(state.shell);
    return [...this.#shells].some(([name, held]) => name !== host && held === key);
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

  async #releaseAll(): Promise<void> {
    const held = [...this.#generations];
    this.#generations.clear();
    await Promise.all(
      held.map(async ([host, generation]) => {
        try {
          const connection = await this.#run.connections.connection(host, undefined);
          await (await this.#stateShell(host, connection)).run(releaseLockScript(generation));
        } catch {
          // The lock ends with its shell; only the note that this was no crash is missing.
        }
      }),
    );
  }

  async #stateShell(host: string, connection: Connection): Promise<Shell> {
    return connection.shell(this.#run.stateBecome(host));
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
