import { TaskError } from '../errors/errors.ts';
import type { Task } from '../playbook/contract.ts';
import { leftBehindHint, leftBehindProblem } from '../playbook/left-behind.ts';
import { renderValue } from '../template/template.ts';
import { toNumber } from './coerce.ts';
import type { HostScope } from './scope.ts';

/** Seconds for a command that is left behind. */
export function leaveOf(task: Task, scope: HostScope): number | undefined {
  const seconds = toNumber(renderValue(task.async, scope), 0, 'async');
  if (seconds <= 0 || toNumber(renderValue(task.poll, scope), 1, 'poll') !== 0) return undefined;
  const problem = leftBehindProblem(task.module, task.args);
  if (problem !== undefined) throw new TaskError(problem, { span: task.span, hint: leftBehindHint });
  return seconds;
}

/** `timeout` and `async` both end a task that takes longer. */
export function limitOf(task: Task, scope: HostScope, leaveForS: number | undefined): number | undefined {
  const seconds = [
    toNumber(renderValue(task.timeout, scope), 0, 'timeout'),
    leaveForS === undefined ? toNumber(renderValue(task.async, scope), 0, 'async') : 0,
  ].filter((limit) => limit > 0);
  if (seconds.length === 0) return undefined;
  return Math.min(...seconds) * 1000;
}
