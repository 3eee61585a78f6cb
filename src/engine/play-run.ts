import { formatSpan } from '../errors/diagnostic.ts';
import type { Result } from '../modules/contract.ts';
import type { Entry, Task } from '../playbook/contract.ts';
import type { Status } from '../report/contract.ts';
import { renderValue } from '../template/template.ts';
import { toBoolean, toNumber } from './coerce.ts';
import type { HostState } from './host-state.ts';
import { mainPath, type Step, stepsOf } from './path.ts';
import type { Prepared } from './prepare.ts';
import type { PlayContext, Run } from './run-state.ts';
import { Semaphore } from './semaphore.ts';

/** One batch of one play while it runs. */
export class PlayRun {
  readonly run: Run;
  readonly context: PlayContext;
  readonly title: string;
  readonly batch: readonly HostState[];
  readonly path: readonly Step[];
  /** Why nothing more of the playbook runs (max_fail_percentage, end of the run). */
  stopReason: string | undefined;
  /** Which failure ended the others by any_errors_fatal or run_once. */
  endedBy: string | undefined;
  readonly #positions = new Map<Task, { readonly path: readonly Step[]; readonly index: number }>();
  readonly #throttles = new Map<Task, Semaphore>();
  readonly #prepared = new Map<Task, Map<HostState, Prepared>>();

  constructor(run: Run, context: PlayContext, title: string, batch: readonly HostState[], first: readonly Task[] = []) {
    this.run = run;
    this.context = context;
    this.title = title;
    this.batch = batch;
    const { play } = context;
    this.path = mainPath([[...first, ...play.preTasks], play.tasks, play.postTasks]);
    this.#note(this.path);
  }

  get isFree(): boolean {
    return this.context.play.strategy === 'free';
  }

  /** Tasks that came during the run: those that follow one of them are known now. */
  addPath(entries: readonly Entry[]): void {
    this.#note([...entries.flatMap(stepsOf), { kind: 'end' }]);
  }

  #note(path: readonly Step[]): void {
    for (const [index, step] of path.entries())
      if (step.kind === 'task') this.#positions.set(step.task, { path, index });
  }

  /** Who runs a task with `run_once`, and who gets its result. `isOver`: an earlier batch has run it for the whole play. */
  onceFor(
    task: Task,
    written: unknown,
    hosts: readonly HostState[],
  ): { once: boolean; sharers: readonly HostState[]; isOver: boolean } {
    if (written === 'play') {
      const key = `${formatSpan(task.span)} ${task.role?.key ?? ''}`;
      const isOver = this.context.doneOnce.has(key);
      this.context.doneOnce.add(key);
      const sharers = this.context.hostsAll.map((name) => this.run.host(name));
      return { once: true, sharers: sharers.filter((host) => !host.unreachable), isOver };
    }
    const wanted = toBoolean(written);
    if (wanted && this.isFree) {
      const message = 'run_once has no meaning with strategy: free; the task runs on every host';
      this.run.request.emit({ event: 'warning', message, path: formatSpan(task.span) });
    }
    return { once: (wanted && !this.isFree) || task.module === 'add_host', sharers: hosts, isOver: false };
  }

  /** One for a task, since with the free strategy its hosts come one by one. */
  throttleOf(task: Task, limit: number): Semaphore {
    const known = this.#throttles.get(task) ?? new Semaphore(limit > 0 ? limit : Number.POSITIVE_INFINITY);
    this.#throttles.set(task, known);
    return known;
  }

  active(): HostState[] {
    return this.batch.filter((host) => host.isActive);
  }

  firstActive(): HostState | undefined {
    return this.batch.find((host) => host.isActive);
  }

  /** Where a task stands among those that follow each other when nothing fails. */
  positionOf(task: Task): { readonly path: readonly Step[]; readonly index: number } | undefined {
    return this.#positions.get(task);
  }

  hasPrepared(task: Task, host: HostState): boolean {
    return this.#prepared.get(task)?.has(host) ?? false;
  }

  keepPrepared(task: Task, host: HostState, prepared: Prepared): void {
    const byHost = this.#prepared.get(task) ?? new Map<HostState, Prepared>();
    byHost.set(host, prepared);
    this.#prepared.set(task, byHost);
  }

  takePrepared(task: Task, host: HostState): Prepared | undefined {
    const byHost = this.#prepared.get(task);
    const prepared = byHost?.get(host);
    byHost?.delete(host);
    return prepared;
  }

  hasNotifications(hosts: readonly HostState[] = this.batch): boolean {
    return hosts.some((host) => host.notified.size > 0 && this.mayRunHandlers(host));
  }

  mayRunHandlers(host: HostState): boolean {
    if (host.unreachable || host.ended) return false;
    return !host.failure || this.run.request.forceHandlers || toBoolean(this.#render(this.context.play.forceHandlers));
  }

  /** `any_errors_fatal` and `max_fail_percentage`, judged when a task has ended on all hosts. */
  async checkFailures(
    task: Task,
    outcomes: readonly { status: Status; result: Result }[],
    once: boolean,
    sharers: readonly HostState[],
  ): Promise<void> {
    const bad = outcomes.filter(
      ({ status }) => status === 'failed' || status === 'rescued' || status === 'unreachable',
    );
    const [first] = bad;
    if (!first) return;
    const fatal = once || toBoolean(this.#render(task.anyErrorsFatal ?? this.context.play.anyErrorsFatal));
    if (fatal) {
      const hosts = once ? sharers : this.batch;
      const culprits = this.batch.filter((host) => host.failure || host.unreachable).map(({ name }) => name);
      // All that share the outcome of one host have failed with it already.
      const others = once ? hosts.length > outcomes.length : hosts.some((host) => host.isActive);
      if (others) {
        if (first.status !== 'rescued') this.run.request.emit({ event: 'no_hosts_left', play: this.title });
        this.endedBy = `task '${task.name ?? task.module}' failed on ${culprits.join(', ')}, so the other hosts did not go on`;
      }
      const result: Result = {
        failed: true,
        msg: `ended because task '${task.name ?? task.module}' failed on another host`,
      };
      for (const host of hosts)
        if (host.isActive) host.failure = { task, result, isRescuable: first.status === 'rescued' };
    }
    this.#checkPercentage();
    this.#checkHosts();
  }

  /** Hosts that count as failed. */
  #failedOf(hosts: readonly HostState[]): number {
    const withoutUnreachable = toBoolean(this.#render(this.context.play.ignoresUnreachable));
    return hosts.filter(({ failure, unreachable }) =>
      unreachable ? !withoutUnreachable : failure !== undefined && !failure.isRescuable,
    ).length;
  }

  #checkHosts(): void {
    const limit = this.#render(this.context.play.maxFailHosts);
    if (limit === undefined || limit === null) return;
    const most = toNumber(limit, Number.POSITIVE_INFINITY, 'max_fail_hosts');
    const failed = this.#failedOf(this.context.living);
    if (failed > most)
      this.stopReason = `max_fail_hosts: ${failed} of ${this.context.living.length} hosts failed > ${most}`;
  }

  #checkPercentage(): void {
    const limit = this.#render(this.context.play.maxFailPercentage);
    if (limit === undefined || limit === null) return;
    const failed = this.#failedOf(this.batch);
    const share = (failed / this.batch.length) * 100;
    const most = toNumber(String(limit).replace(/%$/, ''), 100, 'max_fail_percentage');
    if (share > most) {
      this.run.request.emit({ event: 'no_hosts_left', play: this.title });
      this.stopReason = `max_fail_percentage: ${failed}/${this.batch.length} hosts failed = ${Math.round(share)} % > ${most} %`;
    }
  }

  #render(raw: unknown): unknown {
    const host = this.batch[0];
    return raw === undefined || !host ? undefined : renderValue(raw, this.run.scope(host, this.context));
  }
}
