import { TaskError } from '../errors/errors.ts';
import type { Args, HostModule, Module, Result } from '../modules/contract.ts';
import { moduleNamed } from '../modules/registry.ts';
import { checkArgs, secretValues } from '../playbook/arguments.ts';
import type { Task } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import { UnknownReached } from '../template/undefined.ts';
import { UndefinedNameError, Unknown } from '../template/values.ts';
import type { Become } from '../transport/contract.ts';
import { toBoolean } from './coerce.ts';
import { judge } from './conditions.ts';
import { prepareEnvironment } from './files.ts';
import type { HostState } from './host-state.ts';
import { leaveOf, limitOf } from './limits.ts';
import { loopItems } from './loop-items.ts';
import { OMIT } from './magic.ts';
import { findUnknown, isPlainObject, renderArgs } from './render-args.ts';
import type { PlayContext, Run } from './run-state.ts';
import { type HostScope, NotYetKnown } from './scope.ts';
import { becomeOf } from './target.ts';
import type { Way } from './ways.ts';

/** A module call on one host with everything rendered. */
export interface Call {
  readonly module: Module;
  readonly args: Args;
  readonly scope: HostScope;
  /** The host that the work is done on: the task's host, or the one that it is delegated to. */
  readonly on: HostState;
  /** How it is reached. */
  readonly way: Way;
  readonly become: Become | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly check: boolean;
  readonly diff: boolean;
  readonly timeoutMs: number | undefined;
  /** `async` where `poll` is 0: seconds that the command may take, which is not waited for. */
  readonly leaveForS: number | undefined;
}

export type Outcome =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'skip' | 'fail' | 'unknown'; readonly result: Result };

/** One turn of a task's loop, or its only turn. */
export interface Turn {
  readonly scope: HostScope;
  readonly item: unknown;
  readonly outcome: Outcome;
}

export interface Prepared {
  readonly isLoop: boolean;
  readonly turns: readonly Turn[];
}

/** Render a task for a host: its loop, and per turn the conditions and arguments. Failures are outcomes, not exceptions. */
export async function prepareTask(
  run: Run,
  context: PlayContext,
  task: Task,
  host: HostState,
  pending?: ReadonlySet<string>,
): Promise<Prepared> {
  const scope = run.scope(host, context, task, pending);
  if (!task.loop) return { isLoop: false, turns: [await prepareTurn(run, context, task, scope, undefined)] };
  let items: readonly unknown[] | Unknown;
  try {
    items = loopItems(task.loop, scope);
  } catch (error) {
    return { isLoop: false, turns: [{ scope, item: undefined, outcome: loopFailure(task, scope, error) }] };
  }
  if (items instanceof Unknown) {
    return {
      isLoop: false,
      turns: [{ scope, item: undefined, outcome: { kind: 'unknown', result: unknownResult(items) } }],
    };
  }
  const turns: Turn[] = [];
  for (const [index, item] of items.entries()) {
    turns.push(await prepareTurn(run, context, task, scope.with(loopVariables(task, items, item, index)), item));
  }
  return { isLoop: true, turns };
}

export function unknownResult(unknown: Unknown): Result {
  return { changed: false, unknown: true, msg: `not known before the real run: it depends on ${unknown.why}` };
}

/** A failure as a result, with the position of what failed. */
export function failureResult(error: unknown): Result {
  if (error instanceof NotYetKnown) throw error;
  if (error instanceof TaskError) {
    return {
      ...error.details,
      failed: true,
      msg: error.message,
      ...(error.hint && { hint: error.hint }),
      ...(error.span && { span: error.span }),
    };
  }
  if (error instanceof UndefinedNameError) {
    return { failed: true, msg: error.message };
  }
  if (error instanceof Error && (error.name === 'TemplateError' || error.name === 'InputError'))
    return { failed: true, msg: error.message };
  throw error;
}

/** If the list cannot be made but the task would be skipped anyway, it is skipped (ansible-core does the same). */
function loopFailure(task: Task, scope: HostScope, error: unknown): Outcome {
  const failure = failureResult(error);
  try {
    const verdict = judge(task.when, scope, 'when');
    if ('holds' in verdict && !verdict.holds) return skipped(verdict.expression);
  } catch (conditionError) {
    if (conditionError instanceof NotYetKnown) throw conditionError;
  }
  return { kind: 'fail', result: failure };
}

function skipped(expression: string): Outcome {
  return {
    kind: 'skip',
    result: { changed: false, skipped: true, skip_reason: 'Conditional result was False', false_condition: expression },
  };
}

function* loopVariables(
  task: Task,
  items: readonly unknown[],
  item: unknown,
  index: number,
): Iterable<[string, unknown]> {
  const { loopVar, indexVar, extended } = task.loopControl;
  yield [loopVar, item];
  yield ['ansible_loop_var', loopVar];
  if (indexVar) {
    yield [indexVar, index];
    yield ['ansible_index_var', indexVar];
  }
  if (extended) {
    yield [
      'ansible_loop',
      {
        allitems: items,
        index: index + 1,
        index0: index,
        revindex: items.length - index,
        revindex0: items.length - index - 1,
        first: index === 0,
        last: index === items.length - 1,
        length: items.length,
        ...(index > 0 && { previtem: items[index - 1] }),
        ...(index < items.length - 1 && { nextitem: items[index + 1] }),
      },
    ];
  }
}

/** One turn with the variables of its moment: its conditions and arguments. */
export async function prepareTurn(
  run: Run,
  context: PlayContext,
  task: Task,
  scope: HostScope,
  item: unknown,
): Promise<Turn> {
  try {
    const verdict = judge(task.when, scope, 'when');
    if ('unknown' in verdict)
      return { scope, item, outcome: { kind: 'unknown', result: unknownResult(verdict.unknown) } };
    if (!verdict.holds) return { scope, item, outcome: skipped(verdict.expression) };
    return { scope, item, outcome: await prepareCall(run, context, task, scope) };
  } catch (error) {
    if (error instanceof UnknownReached)
      return { scope, item, outcome: { kind: 'unknown', result: unknownResult(error.unknown) } };
    return { scope, item, outcome: { kind: 'fail', result: failureResult(error) } };
  }
}

async function prepareCall(run: Run, context: PlayContext, task: Task, scope: HostScope): Promise<Outcome> {
  const { request } = run;
  const module = await moduleNamed(task.module);
  if (!module) throw new TaskError(`module '${task.calledAs}' is not supported`, { span: task.span });
  const rendered = renderArgs(task, scope);
  const unknown = findUnknown(rendered);
  if (unknown && module.name !== 'set_fact' && module.name !== 'debug')
    return { kind: 'unknown', result: unknownResult(unknown) };

  const { args: checked, diagnostics } = checkArgs(task.module, rendered, true, task.args);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const [first] = errors;
    throw new TaskError(errors.map(({ message }) => message).join('; '), {
      ...(first?.span && { span: first.span }),
      ...(first?.hint && { hint: first.hint }),
    });
  }
  for (const secret of secretValues(task.module, checked)) request.addSecret(secret);

  const delegate = textOrUndefined(renderValue(task.delegateTo, scope));
  const on = delegate === undefined ? scope.parts.host : run.host(delegate);
  const connecting = delegate === undefined ? scope : run.scope(on, context, task).with(scope.parts.local);
  const args =
    module.kind === 'host' && module.prepare
      ? await (module as HostModule).prepare?.(checked, prepareEnvironment(task, scope, context))
      : checked;
  const checkMode = renderValue(task.checkMode, scope);
  const diff = renderValue(task.diff, scope);
  const leaveForS = leaveOf(task, scope);
  const timeoutMs = limitOf(task, scope, leaveForS);
  const way = run.ways.of(connecting, context, task);
  return {
    kind: 'call',
    call: {
      module,
      args: args ?? checked,
      scope,
      on,
      way,
      become: becomeOf(task, scope, connecting, way.target, request),
      environment: environmentOf(task, scope),
      check: checkMode === undefined ? request.check : toBoolean(checkMode),
      diff: diff === undefined ? request.diff : toBoolean(diff),
      timeoutMs,
      leaveForS,
    },
  };
}

function environmentOf(task: Task, scope: HostScope): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const raw of task.environment) {
    const layer = renderValue(raw, scope);
    if (!isPlainObject(layer)) continue;
    for (const [name, value] of Object.entries(layer)) if (value !== OMIT) environment[name] = String(value ?? '');
  }
  return environment;
}

function textOrUndefined(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' || value === OMIT ? undefined : String(value);
}
