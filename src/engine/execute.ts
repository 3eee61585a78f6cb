import { TaskError, UnreachableError } from '../errors/errors.ts';
import type { Change, ControlModule, HostModule, Plan, Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import { searchDirs } from '../playbook/template-files.ts';
import type { AboutTask } from '../report/contract.ts';
import { compileExpression } from '../template/template.ts';
import { UnknownReached } from '../template/undefined.ts';
import { Unknown } from '../template/values.ts';
import { applyContext, becomeElsewhere } from './apply-context.ts';
import { aboutTask } from './emit-result.ts';
import { inventoryChanges } from './inventory-changes.ts';
import type { PlayRun } from './play-run.ts';
import type { Call } from './prepare.ts';
import { failureResult, unknownResult } from './prepare.ts';
import { mayBeForeseen } from './read-ahead.ts';
import { readVars } from './read-vars.ts';
import type { RunRequest } from './request.ts';

/** What became of one module call; `diff` holds the changes. */
export interface Execution {
  readonly result: Result;
  readonly changes: readonly Change[];
  /** Check mode predicted changes: what the result does not hold is unknown, not absent. */
  readonly predicted?: boolean;
}

/** Run one prepared call. Unreachable hosts throw; every other failure is in the result. */
export async function executeCall(play: PlayRun, task: Task, call: Call): Promise<Execution> {
  try {
    if (call.module.kind === 'control')
      return { result: runControl(play, task, call.module as ControlModule, call), changes: [] };
    return await withTimeout(play.run, call, (signal) => runHost(play, task, call, call.module as HostModule, signal));
  } catch (error) {
    if (error instanceof UnknownReached) return { result: unknownResult(error.unknown), changes: [] };
    return { result: failureResult(error), changes: [] };
  }
}

function runControl(play: PlayRun, task: Task, module: ControlModule, call: Call): Result {
  const host = call.scope.parts.host.name;
  return module.run(call.args, {
    host,
    check: call.check,
    verbosity: play.run.request.verbosity,
    evaluate: (expression) => {
      const value = compileExpression(expression, module.name === 'assert').evaluate(call.scope);
      if (value instanceof Unknown && module.name !== 'debug') throw new UnknownReached(value);
      return value;
    },
    ...inventoryChanges(play.run, host),
    readVars: (from) => readVars(from, searchDirs(task, play.context.playbookDir), task),
  });
}

/** The task's `timeout`, or the run's own signal. */
async function withTimeout<T>(run: PlayRun['run'], call: Call, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (call.timeoutMs === undefined) return work(run.request.signal);
  const timeout = AbortSignal.timeout(call.timeoutMs);
  try {
    return await work(AbortSignal.any([timeout, run.request.signal]));
  } catch (error) {
    if (!timeout.aborted || run.request.signal.aborted) throw error;
    throw new TaskError(`timed out after ${call.timeoutMs / 1000} s (keyword \`timeout\`)`, {
      hint: 'what it had started was ended',
    });
  }
}

async function runHost(
  play: PlayRun,
  task: Task,
  call: Call,
  module: HostModule,
  signal: AbortSignal,
): Promise<Execution> {
  const { locks, request } = play.run;
  for (;;) {
    const { plan, state } = await readAndPlan(play, task, call, module);
    const settled = refusedByStrict(request, plan) ?? settledByPlan(call, plan);
    const writes = plan.changes.length > 0 || module.fusable;
    const { nodes = [], elsewhere = [] } = module.read(call.args);
    const names = new Set([...nodes.map(({ via }) => via), ...elsewhere.map(({ host }) => host)]);
    const touched = [call.way, ...[...names].map((name) => play.run.ways.from(call.way, name))];
    if (!settled && writes && !locks.cover(touched)) {
      // Until the lock is held another run could still change what was read, so it is read again.
      await locks.acquire(play.context, touched);
      continue;
    }
    const told = [...(request.strict ? [] : (plan.unsafe ?? [])), ...(plan.warnings ?? [])];
    for (const message of told)
      request.emit({ event: 'warning', message, ...about(play, task, call), host: call.on.name });
    return settled ?? applyPlan(play, task, call, module, plan, state, signal);
  }
}

/** `--strict`: what is unsafe is neither made nor left so. Another failure says more. */
function refusedByStrict({ strict }: RunRequest, { failed, unsafe = [], result }: Plan): Execution | undefined {
  if (!strict || failed !== undefined || unsafe.length === 0) return undefined;
  const hint = 'this is a failure because of --strict: without it, it is a warning';
  return { result: { ...result, failed: true, unsafe: [...unsafe], msg: unsafe.join('; '), hint }, changes: [] };
}

/** The outcome when there is nothing to apply. */
function settledByPlan(call: Call, plan: Plan): Execution | undefined {
  const { changes } = plan;
  if (plan.failed !== undefined) return { result: { ...plan.result, failed: true, msg: plan.failed }, changes: [] };
  if (plan.skipped !== undefined) {
    const job = call.leaveForS === undefined ? {} : { ansible_job_id: new Unknown('a command that was not started') };
    return { result: { changed: false, skipped: true, ...plan.result, ...job, msg: plan.skipped }, changes: [] };
  }
  if (changes.length === 0 && !plan.applies) return { result: { changed: false, ...plan.result }, changes };
  if (!call.check) return undefined;
  if (changes.length > 0) call.on.changesPredicted = true;
  return { result: { changed: changes.length > 0, ...plan.result }, changes, predicted: true };
}

async function applyPlan(
  play: PlayRun,
  task: Task,
  call: Call,
  module: HostModule,
  plan: Plan,
  state: unknown,
  signal: AbortSignal,
): Promise<Execution> {
  const { run } = play;
  const hasChanges = plan.changes.length > 0;
  if (hasChanges || !module.passable) run.reader.forgetEarly();
  let leavesHosts = false;
  if (hasChanges) await run.owed.record(play, task, call.scope.parts.host);
  const { hands, over, hasWaited } = applyContext(play, call, about(play, task, call), signal);
  try {
    const applied = await module.apply(plan, call.args, hands, state);
    // A key written and read through nodes leaves hosts as they were read; what ran scripts has forgotten already.
    leavesHosts = module.passable === true && !hasChanges && applied.changed !== true;
    return { result: { changed: hasChanges, ...plan.result, ...applied }, changes: plan.changes };
  } catch (error) {
    if (!(error instanceof UnreachableError) || signal.aborted) throw error;
    return await probeAgain(play, task, call, module, plan, error);
  } finally {
    over();
    if (!leavesHosts) {
      call.on.forgetReads();
      run.reader.forgetEarly();
    }
    // What found nothing to change, and nothing to wait for, left the nodes as they were asked.
    if (!leavesHosts || hasWaited()) run.reader.forgetNodes();
  }
}

/** The connection was lost before the outcome was known: what is there now decides, and nothing is executed a second time. */
async function probeAgain(
  play: PlayRun,
  task: Task,
  call: Call,
  module: HostModule,
  plan: Plan,
  lost: UnreachableError,
): Promise<Execution> {
  const { run } = play;
  call.on.forgetReads();
  run.reader.forgetNodes();
  if (!module.fusable || call.on.name !== lost.host) throw lost;
  await run.connections.drop(call.way);
  const now = await readAndPlan(play, task, call, module);
  if (now.plan.changes.length > 0 || now.plan.failed !== undefined) throw lost;
  run.request.emit({
    event: 'warning',
    ...about(play, task, call),
    host: call.on.name,
    message: `the connection was lost while the change was made (${lost.message}); it was looked at again and is complete`,
  });
  return { result: { changed: true, ...now.plan.result }, changes: plan.changes };
}

async function readAndPlan(
  play: PlayRun,
  task: Task,
  call: Call,
  module: HostModule,
): Promise<{ plan: Plan; state: unknown }> {
  const request = module.read(call.args);
  const where = { way: call.way, become: call.become, env: call.environment };
  const becomeOn = (name: string) => becomeElsewhere(play.run, call.become, play.run.host(name), play.context);
  const foreseeable = module.fusable && mayBeForeseen(play, task);
  const answer = await play.run.reader.read(request, where, { becomeOn, foreseeable });
  const state = module.parse(answer, call.args);
  const plan = module.plan(state, call.args, {
    host: call.on.name,
    check: call.check,
    diff: call.diff,
    changesPredicted: call.on.changesPredicted,
  });
  return { plan, state };
}

function about(play: PlayRun, task: Task, { scope }: Call): AboutTask {
  return aboutTask(play, task, scope.parts.host);
}
