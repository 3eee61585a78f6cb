import { setImmediate as nextTurn } from 'node:timers/promises';
import { TaskError, UnreachableError } from '../errors/errors.ts';
import { type Handler, type Play, type Task, taskOfHandler } from '../playbook/contract.ts';
import { READ_RECORDS } from '../state/cluster-record.ts';
import { type LockState, parseLock, READ_LOCK } from '../state/lock.ts';
import { type Owed, owedKey, parseOwed, READ_OWED, recordOwedScript, strikeOffScript } from '../state/owed.ts';
import { READ_RESTARTS } from '../state/restart-record.ts';
import { renderValue } from '../template/template.ts';
import type { Shell } from '../transport/contract.ts';
import { handlersFor, notifiedNames } from './handlers.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';
import type { ScriptRead } from './reader.ts';
import type { PlayContext, Run } from './run-state.ts';
import type { Way } from './ways.ts';

/** What a machine owes, as far as this run knows. */
interface OwedThere {
  readonly way: Way;
  readonly owed: Map<string, Owed>;
  /** What earlier runs left, by key, until a handler was reminded of it. */
  readonly earlier: Set<string>;
  isRead: boolean;
}

/**
 * Handlers that changes made necessary, kept on the hosts until they have run. A restart that a crash or a failed play
 * swallowed is found by the next run, though the file that asked for it is already right.
 */
export class OwedWork {
  readonly #run: Run;
  /** By machine. */
  readonly #known = new Map<string, OwedThere>();
  /** Hosts that were asked, by play: another may come to another machine. */
  readonly #asked = new Map<Play, Set<HostState>>();

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Begin to log in to those who are asked first, as many as may be at work at once: what they are asked is prepared while their sshd
   * is at it. A failure is told to whoever needs the connection.
   */
  async reach(play: PlayRun): Promise<void> {
    const { connections, keepers, request } = this.#run;
    for (const host of play.active().slice(0, request.forks)) {
      const there = this.#toAsk(play, host);
      if (there) connections.open(keepers.of(there.way).way).catch(() => undefined);
    }
    await nextTurn();
  }

  /** What is read on a host before anything else: its lock, its owed handlers and, for later, its records of clusters. */
  firstReads(play: PlayRun, host: HostState): ScriptRead[] {
    const there = this.#toAsk(play, host);
    return there === undefined ? [] : this.#reads(there, [READ_LOCK, READ_OWED, READ_RECORDS, READ_RESTARTS]);
  }

  /** Refuse while another run is at work, and notify the handlers of this play that are owed. */
  async lookAt(play: PlayRun): Promise<void> {
    await Promise.all(play.active().map((host) => this.#lookAtHost(play, host)));
    this.remind(play, play.context.handlers);
  }

  /**
   * Notify those of these handlers that an earlier run owes, each once. Asked again at every flush: the arguments of a handler
   * may need variables that come during the play.
   */
  remind(play: PlayRun, handlers: readonly Handler[]): void {
    if ([...this.#known.values()].every(({ earlier }) => earlier.size === 0)) return;
    for (const host of play.active()) {
      const { owed, earlier } = this.#whereOf(host, play.context) ?? {};
      if (!owed || !earlier?.size) continue;
      for (const handler of handlers.map(taskOfHandler)) {
        const key = this.#keyOf(play.context, handler, host);
        if (key === undefined || !owed.has(key) || !earlier.delete(key)) continue;
        host.notified.add(handler);
        const since = owed.get(key)?.since;
        play.run.request.emit({
          event: 'warning',
          host: host.name,
          message: `handler '${handler.name}' is owed since ${since} and will run now`,
        });
      }
    }
  }

  /** Note on the host what the change that comes next will owe. */
  async record(play: PlayRun, task: Task, host: HostState): Promise<void> {
    if (task.notify.length === 0) return;
    const handlers = [...notifiedNames(play, task, host)].flatMap((name) => handlersFor(play, name, host));
    const there = this.#of(this.#run.ways.to(host.name, play.context));
    const fresh = handlers.flatMap((handler) => this.#freshlyOwed(play.context, handler, host, there));
    if (fresh.length === 0) return;
    const shell = await this.#stateShell(there);
    const reply = await shell.run(recordOwedScript(fresh));
    if (reply.rc !== 0) {
      throw new TaskError(`cannot note on ${host.name} which handlers the change owes: ${reply.stderr.trim()}`, {
        hint: 'nothing was changed; the state directory of rcdeploy on the host must be writable',
      });
    }
    for (const one of fresh) there.owed.set(one.key, one);
  }

  /** The handler ran on these hosts. */
  async strikeOff(context: PlayContext, handler: Task, hosts: readonly HostState[]): Promise<void> {
    await Promise.all(
      hosts.map(async (host) => {
        const key = this.#keyOf(context, handler, host);
        if (key === undefined || this.#run.request.check) return;
        const owing = [...this.#known.values()].filter(({ way, owed }) => way.host === host.name && owed.delete(key));
        for (const there of owing) await (await this.#stateShell(there)).run(strikeOffScript([key]));
      }),
    );
  }

  remaining(): { host: string; handler: string; playbook: string }[] {
    return [...this.#known.values()].flatMap(({ way, owed }) =>
      [...owed.values()].map(({ handler, playbook }) => ({ host: way.host, handler, playbook })),
    );
  }

  async #lookAtHost(play: PlayRun, host: HostState): Promise<void> {
    const { locks, request } = this.#run;
    const { play: asking } = play.context;
    if (this.#asked.get(asking)?.has(host)) return;
    const there = this.#whereOf(host, play.context);
    if (there === undefined) return;
    try {
      if (!there.isRead) {
        const lock = await this.#readThere(there);
        if (lock.status === 'held' && !locks.isHeld && !request.check) await locks.acquire(play.context);
      }
      this.#asked.set(asking, (this.#asked.get(asking) ?? new Set()).add(host));
    } catch (error) {
      // An unreachable host fails at its first task, where the play's rules for that apply.
      if (!(error instanceof UnreachableError)) throw error;
    }
  }

  async #readThere(there: OwedThere): Promise<LockState> {
    const outputs: string[] = [];
    for (const read of this.#reads(there, [READ_LOCK, READ_OWED])) {
      outputs.push((await this.#run.reader.read(read, read)).reply.stdout);
    }
    const [lock = '', owed = ''] = outputs;
    there.isRead = true;
    for (const one of parseOwed(owed)) {
      there.owed.set(one.key, one);
      there.earlier.add(one.key);
    }
    return parseLock(lock);
  }

  #reads({ way }: OwedThere, scripts: readonly string[]): ScriptRead[] {
    const keeper = this.#run.keepers.of(way);
    return scripts.map((script) => ({ ...keeper, script, env: {} }));
  }

  #freshlyOwed(context: PlayContext, handler: Task, host: HostState, { owed }: OwedThere): Owed[] {
    const key = this.#keyOf(context, handler, host);
    if (key === undefined || owed.has(key)) return [];
    return [
      { key, handler: handler.name ?? handler.module, playbook: context.playbookFile, since: new Date().toISOString() },
    ];
  }

  #keyOf(context: PlayContext, handler: Task, host: HostState): string | undefined {
    try {
      const args = renderValue(handler.args, this.#run.scope(host, context, handler));
      return owedKey(handler.name ?? handler.module, args);
    } catch (error) {
      failureResult(error);
      return undefined;
    }
  }

  /** Undefined where nothing is left to ask. */
  #toAsk({ context }: PlayRun, host: HostState): OwedThere | undefined {
    if (this.#asked.get(context.play)?.has(host)) return undefined;
    const there = this.#whereOf(host, context);
    return there?.isRead ? undefined : there;
  }

  /** Nowhere, where variables do not say how to get there: the first task that needs the host says so. */
  #whereOf(host: HostState, context: PlayContext): OwedThere | undefined {
    try {
      return this.#of(this.#run.ways.to(host.name, context));
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      return undefined;
    }
  }

  #of(way: Way): OwedThere {
    const known = this.#known.get(way.machine);
    if (known) return known;
    const there: OwedThere = { way, owed: new Map(), earlier: new Set(), isRead: false };
    this.#known.set(way.machine, there);
    return there;
  }

  #stateShell({ way }: OwedThere): Promise<Shell> {
    const keeper = this.#run.keepers.of(way);
    return this.#run.connections.shell(keeper.way, keeper.become);
  }
}
