import { TaskError } from '../errors/errors.ts';
import { type Handler, type Task, taskOfHandler } from '../playbook/contract.ts';
import { READ_RECORDS } from '../state/cluster-record.ts';
import { parseLock, READ_LOCK } from '../state/lock.ts';
import { type Owed, owedKey, parseOwed, READ_OWED, recordOwedScript, strikeOffScript } from '../state/owed.ts';
import { READ_RESTARTS } from '../state/restart-record.ts';
import { renderValue } from '../template/template.ts';
import { handlersFor, notifiedNames } from './handlers.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';
import type { ScriptRead } from './reader.ts';
import type { PlayContext, Run } from './run-state.ts';

/**
 * Handlers that changes made necessary, kept on the hosts until they have run. A restart that a crash or a failed play
 * swallowed is found by the next run, though the file that asked for it is already right.
 */
export class OwedWork {
  readonly #run: Run;
  readonly #known = new Map<HostState, Map<string, Owed>>();
  readonly #read = new Set<HostState>();
  /** What earlier runs owe, by host. */
  readonly #earlier = new Map<HostState, Set<string>>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** What is read on a host before anything else: its lock, its owed handlers and, for later, its records of clusters. */
  firstReads(host: HostState): ScriptRead[] {
    if (this.#read.has(host)) return [];
    const where = { host: host.name, become: this.#run.stateBecome(host.name), env: {} };
    return [
      { ...where, script: READ_LOCK },
      { ...where, script: READ_OWED },
      { ...where, script: READ_RECORDS },
      { ...where, script: READ_RESTARTS },
    ];
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
    for (const host of play.active()) {
      const owed = this.#known.get(host);
      if (!owed || owed.size === 0) continue;
      for (const handler of handlers.map(taskOfHandler)) {
        const key = this.#keyOf(play.context, handler, host);
        if (key === undefined || !owed.has(key) || !this.#earlier.get(host)?.has(key)) continue;
        host.notified.add(handler);
        this.#earlier.get(host)?.delete(key);
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
    const fresh = handlers.flatMap((handler) => this.#freshlyOwed(play.context, handler, host));
    if (fresh.length === 0) return;
    const shell = await this.#run.connections.shell(host.name, this.#run.stateBecome(host.name), play.context);
    const reply = await shell.run(recordOwedScript(fresh));
    if (reply.rc !== 0) {
      throw new TaskError(`cannot note on ${host.name} which handlers the change owes: ${reply.stderr.trim()}`, {
        hint: 'nothing was changed; the state directory of rcdeploy on the host must be writable',
      });
    }
    for (const one of fresh) this.#of(host).set(one.key, one);
  }

  /** The handler ran on these hosts. */
  async strikeOff(context: PlayContext, handler: Task, hosts: readonly HostState[]): Promise<void> {
    await Promise.all(
      hosts.map(async (host) => {
        const key = this.#keyOf(context, handler, host);
        if (key === undefined || this.#run.request.check || !this.#of(host).delete(key)) return;
        const shell = await this.#run.connections.shell(host.name, this.#run.stateBecome(host.name), context);
        await shell.run(strikeOffScript([key]));
      }),
    );
  }

  remaining(): { host: string; handler: string; playbook: string }[] {
    return [...this.#known].flatMap(([host, owed]) =>
      [...owed.values()].map(({ handler, playbook }) => ({ host: host.name, handler, playbook })),
    );
  }

  async #lookAtHost(play: PlayRun, host: HostState): Promise<void> {
    if (this.#read.has(host)) return;
    const [lockRead, owedRead] = this.firstReads(host);
    if (!lockRead || !owedRead) return;
    try {
      const { reader, locks, request } = this.#run;
      const lock = parseLock((await reader.read(lockRead, lockRead, play.context)).reply.stdout);
      const owed = parseOwed((await reader.read(owedRead, owedRead, play.context)).reply.stdout);
      this.#read.add(host);
      for (const one of owed) this.#of(host).set(one.key, one);
      this.#earlier.set(host, new Set(owed.map(({ key }) => key)));
      if (lock.status === 'held' && !locks.isHeld && !request.check) await locks.acquire();
    } catch (error) {
      // An unreachable host fails at its first task, where the play's rules for that apply.
      if (!(error instanceof Error) || error.name !== 'UnreachableError') throw error;
    }
  }

  #freshlyOwed(context: PlayContext, handler: Task, host: HostState): Owed[] {
    const key = this.#keyOf(context, handler, host);
    if (key === undefined || this.#of(host).has(key)) return [];
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

  #of(host: HostState): Map<string, Owed> {
    let owed = this.#known.get(host);
    if (!owed) {
      owed = new Map();
      this.#known.set(host, owed);
    }
    return owed;
  }
}
