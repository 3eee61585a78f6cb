import type { Task } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import { Unknown } from '../template/values.ts';
import { toBoolean } from './coerce.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';
import type { Leniency } from './results.ts';

/** Keywords that are judged beside the module call: a template in them that fails counts as its default. */
export function renderOr(raw: unknown, host: HostState, play: PlayRun, task: Task, fallback: unknown): unknown {
  if (raw === undefined) return fallback;
  try {
    const value = renderValue(raw, play.run.scope(host, play.context, task));
    return value instanceof Unknown ? fallback : value;
  } catch (error) {
    failureResult(error);
    return fallback;
  }
}

/** How far failures of a task on a host are forgiven. */
export function leniencyOf(play: PlayRun, task: Task, host: HostState, rescuable: boolean): Leniency {
  const ignoreUnreachable = task.ignoreUnreachable ?? play.context.play.ignoreUnreachable;
  return {
    ignoreErrors: toBoolean(renderOr(task.ignoreErrors, host, play, task, false)),
    ignoreUnreachable: toBoolean(renderOr(ignoreUnreachable, host, play, task, false)),
    rescuable,
  };
}
