import { formatSpan } from '../errors/diagnostic.ts';
import type { Change, Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { AboutTask, Status } from '../report/contract.ts';
import { renderValue } from '../template/template.ts';
import { toBoolean } from './coerce.ts';
import type { HostState } from './host-state.ts';
import { renderOr } from './keywords.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult, type Prepared, type Turn } from './prepare.ts';

/** The task's name as this host renders it, behind that of its role. */
export function titleFor(play: PlayRun, task: Task, host: HostState): string {
  const rendered = renderOr(task.name, host, play, task, undefined) ?? task.name;
  if (task.module === 'include_role') return String(rendered ?? `include_role : ${String(task.args.name)}`);
  const name = String(rendered ?? task.calledAs);
  return task.role === undefined ? name : `${task.role.name} : ${name}`;
}

/** The task that an event beside its results is about, in the words of its results. */
export function aboutTask(play: PlayRun, task: Task, host: HostState): AboutTask {
  return { play: play.title, task: titleFor(play, task, host), module: task.module, path: formatSpan(task.span) };
}

/** How one item of a loop is shown. */
export function itemLabel(task: Task, turn: Turn): string {
  const { label } = task.loopControl;
  let shown: unknown = turn.item;
  if (label !== undefined) {
    try {
      shown = renderValue(label, turn.scope);
    } catch (error) {
      failureResult(error);
    }
  }
  return typeof shown === 'string' ? shown : (JSON.stringify(shown) ?? String(shown));
}

export interface Emission {
  readonly result: Result;
  readonly status: Status;
  readonly changes: readonly Change[];
  readonly durationMs: number;
  readonly item: string | undefined;
  readonly prepared: Prepared;
  /** The turn that it is the result of; undefined for a whole loop. */
  readonly turn: Turn | undefined;
}

/** Tell the result of a task, or of one item of its loop; `no_log` hides all but the verdict. */
export function emitResult(play: PlayRun, task: Task, host: HostState, id: string, emission: Emission): void {
  const { result, status, changes, item } = emission;
  const { hint, span, ...shown } = result;
  const noLog = toBoolean(renderOr(task.noLog, host, play, task, false));
  const calls = emission.turn ? [emission.turn] : emission.prepared.turns;
  const call = calls.find((turn) => turn.outcome.kind === 'call')?.outcome;
  const delegate = call?.kind === 'call' && call.call.on !== host ? call.call.on.name : undefined;
  const wanted = renderOr(task.diff, host, play, task, undefined);
  const isHidden = noLog || (wanted !== undefined && !toBoolean(wanted));
  const withDiff = changes.length > 0 && !isHidden && call?.kind === 'call';
  play.run.request.emit({
    event: 'result',
    play: play.title,
    task: titleFor(play, task, host),
    module: task.module,
    path: formatSpan(isSpan(span) ? span : task.span),
    id,
    host: host.name,
    ...(item !== undefined && { item: noLog ? '(censored due to no_log)' : item }),
    ...(delegate !== undefined && { delegatedTo: delegate }),
    status,
    result: noLog ? censored(result) : shown,
    ...(withDiff && { diff: [...changes], ...(wanted !== undefined && { diff_wanted: true as const }) }),
    duration_ms: emission.durationMs,
    ...(typeof hint === 'string' && { hint }),
  });
}

function isSpan(value: unknown): value is Task['span'] {
  return typeof value === 'object' && value !== null && 'file' in value && 'line' in value;
}

function censored(result: Result): Result {
  const { changed, failed, skipped, unreachable } = result;
  return {
    censored: "the output has been hidden due to the fact that 'no_log: true' was specified for this result",
    ...(changed !== undefined && { changed }),
    ...(failed !== undefined && { failed }),
    ...(skipped !== undefined && { skipped }),
    ...(unreachable !== undefined && { unreachable }),
  };
}
