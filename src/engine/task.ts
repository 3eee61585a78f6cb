import { formatSpan } from '../errors/diagnostic.ts';
import type { Change, Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { Status } from '../report/contract.ts';
import { sleep } from './apply-context.ts';
import { toBoolean, toNumber } from './coerce.ts';
import { emitResult, itemLabel, titleFor } from './emit-result.ts';
import { keepFacts } from './facts.ts';
import { notifyHandlers } from './handlers.ts';
import type { HostState } from './host-state.ts';
import { leniencyOf, renderOr } from './keywords.ts';
import type { PlayRun } from './play-run.ts';
import { type Prepared, prepareTask, prepareTurn, type Turn } from './prepare.ts';
import { readAhead } from './read-ahead.ts';
import { count, loopResult, statusOf, withoutNotes } from './results.ts';
import { runTurn, type TurnOutcome } from './turn.ts';

export interface TaskPlace {
  readonly rescuable: boolean;
  readonly handler: boolean;
}

interface TurnResult {
  readonly result: Result;
  readonly item: Readonly<Record<string, unknown>>;
  /** How the item is shown. */
  readonly label: string | undefined;
}

export interface HostOutcome {
  readonly host: HostState;
  readonly status: Status;
  readonly result: Result;
  readonly registered: unknown;
  /** Whose its facts are, where that is another host (`delegate_facts`). */
  readonly factsOf: HostState | undefined;
  /** Each turn of the loop, or the only one, with the loop's variables. */
  readonly turns: readonly TurnResult[];
  /** Names the task among the events. */
  readonly id: string;
}

let taskCounter = 0;

/** Run one task on all its hosts and wait for all of them: the linear strategy's step. */
export async function runTask(
  play: PlayRun,
  task: Task,
  hosts: readonly HostState[],
  place: TaskPlace,
): Promise<readonly HostOutcome[]> {
  const [first] = hosts;
  if (!first) return [];
  const { run } = play;
  const { once, sharers, isOver } = play.onceFor(task, renderOr(task.runOnce, first, play, task, false), hosts);
  if (isOver) return [];
  const acting = once ? [first] : hosts;
  const id = String(++taskCounter);
  run.request.emit({
    event: 'task_start',
    play: play.title,
    task: titleFor(play, task, first),
    module: task.module,
    path: formatSpan(task.span),
    hosts: acting.map(({ name }) => name),
    handler: place.handler,
    id,
  });
  if (run.request.fuse && !place.handler) await Promise.all(acting.map((host) => readAhead(play, task, host)));

  const throttle = play.throttleOf(task, toNumber(renderOr(task.throttle, first, play, task, 0), 0, 'throttle'));
  const outcomes = await allOrFirstError(
    acting.map((host) => throttle.run(() => runOnHost(play, task, host, place, id))),
  );
  for (const outcome of outcomes) settle(play, task, outcome, once ? sharers : [outcome.host]);
  await play.checkFailures(task, outcomes, once, hosts);
  return outcomes;
}

/** All results; when one throws (an interrupt, another run's lock), that error, but only after the others have ended. */
export async function allOrFirstError<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(works);
  return settled.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

async function runOnHost(
  play: PlayRun,
  task: Task,
  host: HostState,
  place: TaskPlace,
  id: string,
): Promise<HostOutcome> {
  const { run, context } = play;
  const started = performance.now();
  const prepared = play.takePrepared(task, host) ?? (await prepareTask(run, context, task, host));
  const factsOf = toBoolean(renderOr(task.delegateFacts, host, play, task, false)) ? delegateOf(prepared) : undefined;
  const leniency = leniencyOf(play, task, host, place.rescuable);
  const emit = (result: Result, status: Status, changes: readonly Change[], from: number, turn?: Turn) => {
    // What an include came to is told when its file was read.
    if (isInclude(task) && status === 'ok') return;
    emitResult(play, task, host, id, {
      result,
      status,
      changes,
      durationMs: Math.round(performance.now() - from),
      item: prepared.isLoop && turn ? itemLabel(task, turn) : undefined,
      prepared,
      turn,
    });
  };

  if (!prepared.isLoop) {
    const [turn] = prepared.turns as [Turn];
    const outcome = await runTurn(play, task, turn);
    const status = statusOf(outcome.result, leniency);
    emit(outcome.result, status, outcome.changes, started, turn);
    const turns = [{ result: outcome.result, item: {}, label: undefined }];
    return { host, status, result: outcome.result, registered: outcome.registered, factsOf, turns, id };
  }

  const outcomes: TurnOutcome[] = [];
  for (const planned of prepared.turns) {
    const turnStarted = performance.now();
    const turn = await turnNow(play, task, planned, outcomes.at(-1));
    const pause =
      outcomes.length === 0 ? 0 : toNumber(renderOr(task.loopControl.pause, host, play, task, 0), 0, 'pause');
    if (pause > 0) await sleep(pause * 1000, run.request.signal);
    const outcome = await runTurn(play, task, turn);
    Object.assign(outcome.result, loopNames(task, turn, outcomes.length));
    keepFacts(task, outcome.result, factsOf ?? host);
    outcomes.push(outcome);
    emit(outcome.result, statusOf(outcome.result, leniency), outcome.changes, turnStarted, turn);
    if (outcome.result.unreachable && !leniency.ignoreUnreachable) break;
    if (run.request.signal.aborted) break;
  }
  const result = loopResult(outcomes.map((outcome) => outcome.result));
  const status = statusOf(result, leniency);
  emit(result, status, [], started);
  return {
    host,
    status,
    result,
    registered: { ...result, results: outcomes.map(({ registered }) => withoutNotes(registered)) },
    factsOf,
    id,
    turns: outcomes.map(({ result: one }, index) => {
      const turn = prepared.turns[index];
      return { result: one, item: turn ? itemVariables(task, turn) : {}, label: turn && itemLabel(task, turn) };
    }),
  };
}

/** The loop's variables, for what an item includes. */
function itemVariables(task: Task, { scope }: Turn): Record<string, unknown> {
  const { loopVar, indexVar } = task.loopControl;
  const names = [loopVar, 'ansible_loop_var', ...(indexVar ? [indexVar, 'ansible_index_var'] : []), 'ansible_loop'];
  return Object.fromEntries(
    names.filter((name) => scope.parts.local.has(name)).map((name) => [name, scope.parts.local.get(name)]),
  );
}

/** An item may need what the items before it have set: facts, and under the registered name the last of their results. */
async function turnNow(play: PlayRun, task: Task, planned: Turn, last: TurnOutcome | undefined): Promise<Turn> {
  if (!last || (task.register === undefined && task.module !== 'set_fact')) return planned;
  const scope = planned.scope.with(task.register === undefined ? [] : [[task.register, last.registered]]);
  return prepareTurn(play.run, play.context, task, scope, planned.item);
}

/** What the result of an item says of its loop. */
function loopNames(task: Task, { item }: Turn, index: number): Result {
  const { loopVar, indexVar } = task.loopControl;
  const names = { [loopVar]: item, ansible_loop_var: loopVar };
  return indexVar === undefined ? names : { ...names, [indexVar]: index, ansible_index_var: indexVar };
}

function isInclude({ module }: Task): boolean {
  return module === 'include_tasks' || module === 'include_role';
}

/** The host that the work was done on. */
function delegateOf({ turns }: Prepared): HostState | undefined {
  const call = turns.find(({ outcome }) => outcome.kind === 'call')?.outcome;
  return call?.kind === 'call' ? call.call.on : undefined;
}

/** What the outcome leaves behind: registers, facts, notifications, counts, and the host's failure. */
function settle(play: PlayRun, task: Task, outcome: HostOutcome, sharers: readonly HostState[]): void {
  const { host, status, result } = outcome;
  // What is included counts by itself.
  if (!isInclude(task) || (status !== 'ok' && status !== 'changed')) count(host.stats, status, result.changed === true);
  if (task.role && status !== 'skipped' && status !== 'unreachable') host.rolesBegun.add(task.role.key);
  if (task.register) for (const sharer of sharers) sharer.setFacts.set(task.register, withoutNotes(outcome.registered));
  const facts = Array.isArray(result.results) ? result.results : [result];
  const owners = outcome.factsOf === undefined ? sharers : [outcome.factsOf];
  for (const owner of owners) for (const one of facts) keepFacts(task, one, owner);
  if (result.changed === true && !result.failed && !result.unreachable) notifyHandlers(play, task, host, result);
  if (status === 'unreachable') host.unreachable = true;
  if (status === 'failed' || status === 'rescued') {
    for (const sharer of sharers) sharer.failure = { task, result, isRescuable: status === 'rescued' };
  }
}
