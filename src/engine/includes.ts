import { type Diagnostic, formatSpan } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { Result } from '../modules/contract.ts';
import type { Entry, Include, Included, Task } from '../playbook/contract.ts';
import type { Status } from '../report/contract.ts';
import { titleFor } from './emit-result.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { type HostOutcome, runTask, type TaskPlace } from './task.ts';

/** One file or role with one item of a loop, and the hosts that include it so. */
interface Inclusion {
  readonly key: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly item: Readonly<Record<string, unknown>>;
  readonly label: string | undefined;
  readonly id: string;
  readonly result: Result;
  readonly hosts: HostState[];
}

/**
 * `include_tasks` and `include_role`: find out what each host includes, then run that with `runAll`, one inclusion after the
 * other.
 */
export async function runInclude(
  play: PlayRun,
  include: Include,
  hosts: readonly HostState[],
  place: TaskPlace,
  runAll: (entries: readonly Entry[], hosts: readonly HostState[]) => Promise<void>,
): Promise<void> {
  const outcomes = await runTask(play, include.task, hosts, place);
  const ready = inclusionsOf(outcomes).flatMap((inclusion) => {
    const active = inclusion.hosts.filter((host) => (place.handler ? play.mayRunHandlers(host) : host.isActive));
    const included = active.length === 0 ? undefined : load(play, include, inclusion, active, place.rescuable);
    if (included === undefined) return [];
    const { what } = included;
    tell(play, include.task, inclusion, active, { status: 'ok', result: inclusion.result, what });
    if (include.task.module === 'include_tasks') for (const host of active) host.stats.ok++;
    play.context.handlers.push(...included.handlers);
    play.context.exposed.defaults.push(...(included.exposes?.defaults ?? []));
    play.context.exposed.vars.push(...(included.exposes?.vars ?? []));
    play.run.owed.remind(play, included.handlers);
    play.addPath(included.entries);
    return [{ included, active }];
  });
  if (include.task.loop) tellLoops(play, include.task, outcomes);
  for (const { included, active } of ready) {
    if (play.stopReason || play.run.request.signal.aborted) return;
    await runAll(included.entries, active);
  }
}

/** The loop's own result, after those of its items. */
function tellLoops(play: PlayRun, task: Task, outcomes: readonly HostOutcome[]): void {
  for (const { host, id, status, result } of outcomes) {
    const whole: Inclusion = { id, label: undefined, key: '', args: {}, item: {}, result, hosts: [] };
    if (status === 'ok') tell(play, task, whole, [host], { status, result });
  }
}

/** In the order in which hosts and their items come; a host that includes the same twice does it twice. */
function inclusionsOf(outcomes: readonly HostOutcome[]): Inclusion[] {
  const inclusions: Inclusion[] = [];
  for (const { host, turns, id } of outcomes) {
    for (const { result, item, label } of turns) {
      if (result.skipped || result.failed || result.unreachable || result.unknown) continue;
      const own = typeof result.include === 'string' ? { file: result.include } : {};
      const args = { ...own, ...(result.include_args as Inclusion['args']) };
      const key = JSON.stringify([args, item]);
      const same = inclusions.find((one) => one.key === key && !one.hosts.includes(host));
      if (same) same.hosts.push(host);
      else inclusions.push({ key, args, item, label, id, result, hosts: [host] });
    }
  }
  return inclusions;
}

/** What cannot be read fails the task on the hosts that include it. */
function load(
  play: PlayRun,
  { task, load: read }: Include,
  inclusion: Inclusion,
  hosts: readonly HostState[],
  rescuable: boolean,
): Included | undefined {
  try {
    return read(inclusion.args, inclusion.item);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first] = error.diagnostics;
    const places = error.diagnostics.map(({ message, span }) => (span ? `${formatSpan(span)}: ${message}` : message));
    const result: Result = { failed: true, changed: false, msg: places.join('\n') };
    const status = rescuable ? 'rescued' : 'failed';
    for (const host of hosts) {
      host.failure = { task, result };
      host.stats[status]++;
    }
    tell(play, task, inclusion, hosts, { status, result, ...(first && { first }) });
    return undefined;
  }
}

interface Told {
  readonly status: Status;
  readonly result: Result;
  /** What was included. */
  readonly what?: string;
  /** What was found wrong first. */
  readonly first?: Diagnostic;
}

function tell(
  play: PlayRun,
  task: Task,
  { id, label }: Inclusion,
  hosts: readonly HostState[],
  { status, result, what, first }: Told,
): void {
  for (const host of hosts) {
    play.run.request.emit({
      event: 'result',
      play: play.title,
      task: titleFor(play, task, host),
      module: task.module,
      path: formatSpan(first?.span ?? task.span),
      id,
      host: host.name,
      ...(label !== undefined && { item: label }),
      status,
      result,
      ...(what !== undefined && { included: { what, hosts: hosts.map(({ name }) => name) } }),
      duration_ms: 0,
      ...(first?.hint && { hint: first.hint }),
    });
  }
}
