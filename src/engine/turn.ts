import { UnreachableError } from '../errors/errors.ts';
import type { Change, Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import { Unknown } from '../template/values.ts';
import { sleep } from './apply-context.ts';
import { toNumber } from './coerce.ts';
import { judge } from './conditions.ts';
import { aboutTask } from './emit-result.ts';
import { executeCall } from './execute.ts';
import type { PlayRun } from './play-run.ts';
import { type Call, failureResult, type Turn, unknownResult } from './prepare.ts';
import { predictedResult, withLines } from './results.ts';
import type { HostScope } from './scope.ts';
import { taskTitle } from './titles.ts';

export interface TurnOutcome {
  readonly result: Result;
  readonly changes: readonly Change[];
  /** What `register` stores: the result, or in check mode a prediction of it. */
  readonly registered: unknown;
}

const DEFAULT_DELAY_S = 5;
const DEFAULT_RETRIES = 3;

/** One turn of a task: its attempts, and what `changed_when` and `failed_when` make of each. */
export async function runTurn(play: PlayRun, task: Task, turn: Turn): Promise<TurnOutcome> {
  const { run } = play;
  const { outcome, scope } = turn;
  if (outcome.kind !== 'call') {
    const registered =
      outcome.kind === 'unknown' ? predictedResult(outcome.result, taskTitle(task)) : withLines(outcome.result);
    return { result: outcome.result, changes: [], registered };
  }
  const retries =
    task.until || task.retries !== undefined
      ? toNumber(renderValue(task.retries, scope), DEFAULT_RETRIES, 'retries')
      : 0;
  const delay = toNumber(renderValue(task.delay, scope), DEFAULT_DELAY_S, 'delay');
  for (let attempt = 1; ; attempt++) {
    const done = await attemptOnce(play, task, outcome.call, scope);
    if ((retries > 0 || task.until) && !done.result.unreachable)
      done.result.attempts = Math.min(attempt, Math.max(1, retries));
    const satisfied = done.predicted || done.result.unreachable || isSatisfied(task, scope, done.result);
    if (satisfied || run.request.signal.aborted) return conclude(task, done);
    if (attempt > retries) {
      if (task.until) done.result.failed = true;
      return conclude(task, done);
    }
    run.request.emit({
      event: 'wait',
      ...aboutTask(play, task, scope.parts.host),
      host: outcome.call.on.name,
      message: `attempt ${attempt} of ${retries + 1} did not succeed; the next in ${delay} s`,
    });
    await sleep(delay * 1000, run.request.signal);
    outcome.call.on.forgetReads();
    run.reader.forgetNodes();
    run.reader.forgetEarly();
  }
}

interface Attempt {
  readonly result: Result;
  readonly changes: readonly Change[];
  readonly predicted: boolean;
}

async function attemptOnce(play: PlayRun, task: Task, call: Call, scope: HostScope): Promise<Attempt> {
  try {
    const { result, changes, predicted } = await executeCall(play, task, call);
    return {
      result: judged(task, scope, withLines({ failed: false, ...result })),
      changes,
      predicted: predicted ?? false,
    };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const result: Result = {
      changed: false,
      unreachable: true,
      msg: error.message,
      ...(error.hint && { hint: error.hint }),
    };
    return { result, changes: [], predicted: false };
  }
}

/** `changed_when` and `failed_when` replace the module's own verdict; a skipped result is not judged. */
function judged(task: Task, scope: HostScope, result: Result): Result {
  if (result.skipped || (!task.changedWhen && !task.failedWhen)) return result;
  const own = scope.with(task.register ? [[task.register, result]] : []);
  try {
    if (task.changedWhen) {
      const verdict = judge([task.changedWhen], own, 'changed_when');
      if ('unknown' in verdict) return { ...result, ...unknownResult(verdict.unknown) };
      result.changed = verdict.holds;
    }
    if (task.failedWhen) {
      const verdict = judge([task.failedWhen], own, 'failed_when');
      if ('unknown' in verdict) return { ...result, ...unknownResult(verdict.unknown) };
      result.failed = verdict.holds;
      result.failed_when_result = verdict.holds;
    }
    return result;
  } catch (error) {
    return { ...result, ...failureResult(error) };
  }
}

function isSatisfied(task: Task, scope: HostScope, result: Result): boolean {
  if (!task.until) return result.failed !== true;
  const own = scope.with(task.register ? [[task.register, result]] : []);
  try {
    const verdict = judge([task.until], own, 'until');
    return 'unknown' in verdict || verdict.holds;
  } catch (error) {
    Object.assign(result, failureResult(error));
    return true;
  }
}

function conclude(task: Task, attempt: Attempt): TurnOutcome {
  const { result, changes, predicted } = attempt;
  const registered = predicted || containsUnknown(result) ? predictedResult(result, taskTitle(task)) : result;
  return { result, changes, registered };
}

function containsUnknown(result: Result): boolean {
  return result.unknown === true || Object.values(result).some((value) => value instanceof Unknown);
}
