import type { Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { Status } from '../report/contract.ts';
import { renderValue } from '../template/template.ts';
import { toBoolean, toNumber } from './coerce.ts';
import type { HostState } from './host-state.ts';
import { mainPath, type Step } from './path.ts';
import type { Prepared } from './prepare.ts';
import type { PlayContext, Run } from './run-state.ts';

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
  readonly #positions = new Map<Task, number>();
  readonly #prepared = new Map<Task, Map<HostState, Prepared>>();

  constructor(run: Run, context: PlayContext, title: string, batch: readonly HostState[], first: readonly Task[] = []) {
    this.run = run;
    this.context = context;
    this.title = title;
    this.batch = batch;
    const { play } = context;
    this.path = mainPath([[...first, ...play.preTasks], play.tasks, play.postTasks]);
    for (const [index, step] of this.path.entries()) if (step.kind === 'task') this.#positions.set(step.task, index);
  }

  active(): HostState[] {
    return this.batch.filter((host) => host.isActive);
  }

  firstActive(): HostState | undefined {
    return this.batch.find((host) => host.isActive);
  }

  positionOf(task: Task): number | undefined {
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

  hasNotifications(): boolean {
    return this.batch.some((host) => host.notified.size > 0 && this.mayRunHandlers(host));
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
  }

  #checkPercentage(): void {
    const limit = this.#render(this.context.play.maxFailPercentage);
    if (limit === undefined || limit === null) return;
    const failed = this.batch.filter(
      ({ failure, unreachable }) => (failure && !failure.isRescuable) || unreachable,
    ).length;
    const share = (failed / this.batch.length) * 100;
    const most = toNumber(String(limit).replace(/%$/, ''), 100, 'max_fail_percentage');
    if (share > most) {
      if (this.active().length > 0) this.run.request.emit({ event: 'no_hosts_left', play: this.title });
      this.stopReason = `max_fail_percentage: ${failed}/${this.batch.length} hosts failed = ${Math.round(share)} % > ${most} %`;
    }
  }

  #render(raw: unknown): unknown {
    const host = this.batch[0];
    return raw === undefined || !host ? undefined : renderValue(raw, this.run.scope(host, this.context));
  }
}
