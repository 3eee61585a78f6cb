import type { HostModule } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import { type Call, failureResult, type Prepared, prepareTask } from './prepare.ts';
import type { FromQuery, ScriptRead } from './reader.ts';
import { NotYetKnown } from './scope.ts';

/** Names that may have changed by the time a later task runs, whatever is read ahead. */
const ALWAYS_PENDING = [
  'ansible_play_hosts',
  'play_hosts',
  'ansible_play_batch',
  'ansible_failed_task',
  'ansible_failed_result',
];

/**
 * Send the reads of this task and of those that follow it as one message, as far as their arguments are known now. Only reading
 * is early: the tasks are judged one by one when their turn comes, and the first change makes the host be read again.
 */
export async function readAhead(play: PlayRun, task: Task, host: HostState): Promise<void> {
  const start = play.positionOf(task);
  if (!start || play.hasPrepared(task, host)) return;
  const pending = new Set(ALWAYS_PENDING);
  const scripts: ScriptRead[] = play.run.owed.firstReads(play, host);
  const early = scripts.length === 0 ? [] : play.run.reader.askedBefore(host.name, play.context);
  const queries: FromQuery[] = [];
  for (const step of start.path.slice(start.index)) {
    if (step.kind === 'end' || (step.kind === 'flush' && play.hasNotifications())) break;
    if (step.kind === 'flush') continue;
    if (!isForeseeable(step.task)) break;
    if (step.task.runOnce === true && host !== play.firstActive()) continue;
    const prepared = await prepareAhead(play, step.task, host, pending);
    if (!prepared) break;
    play.keepPrepared(step.task, host, prepared);
    const calls = callsOf(prepared);
    if (calls.some(({ module }) => module.kind === 'host' && !module.fusable && !module.passable)) break;
    for (const call of calls) addReads(call, scripts, queries);
    if (calls.some(({ module }) => module.name === 'setup')) break;
    if (!addPendingNames(step.task, pending)) break;
  }
  play.run.reader.readAhead([...scripts, ...early], queries);
  // What was prepared depends on none of these names; when its turn comes it sees all that is known then.
  pending.clear();
}

/** Whether the next run may ask at its very beginning what this task asks. */
export function mayBeForeseen(play: PlayRun, task: Task): boolean {
  return play.positionOf(task) !== undefined && isForeseeable(task);
}

/** Keywords under which a task's reads must wait for its own moment. */
function isForeseeable(task: Task): boolean {
  const isPlainRunOnce = task.runOnce === undefined || typeof task.runOnce === 'boolean';
  return (
    task.delegateTo === undefined &&
    !task.until &&
    task.retries === undefined &&
    task.throttle === undefined &&
    isPlainRunOnce
  );
}

async function prepareAhead(
  play: PlayRun,
  task: Task,
  host: HostState,
  pending: ReadonlySet<string>,
): Promise<Prepared | undefined> {
  try {
    const prepared = await prepareTask(play.run, play.context, task, host, pending);
    return prepared.turns.some(({ outcome }) => outcome.kind === 'fail') ? undefined : prepared;
  } catch (error) {
    if (error instanceof NotYetKnown) return undefined;
    failureResult(error);
    return undefined;
  }
}

function callsOf(prepared: Prepared): Call[] {
  return prepared.turns.flatMap(({ outcome }) => (outcome.kind === 'call' ? [outcome.call] : []));
}

function addReads(call: Call, scripts: ScriptRead[], queries: FromQuery[]): void {
  if (call.module.kind !== 'host' || !call.module.fusable) return;
  const request = (call.module as HostModule).read(call.args);
  if (request.script !== undefined) {
    scripts.push({
      way: call.way,
      become: call.become,
      env: call.environment,
      script: request.script,
      stats: request.stats,
    });
  }
  for (const { host, script, asTaskUser } of request.elsewhere ?? []) {
    if (asTaskUser && host === call.on.name)
      scripts.push({ way: call.way, become: call.become, env: call.environment, script });
  }
  queries.push(...(request.nodes ?? []).map((query) => ({ query, way: call.way })));
}

/** False when the names that the task will set cannot be told. */
function addPendingNames(task: Task, pending: Set<string>): boolean {
  if (task.register) pending.add(task.register);
  if (task.module === 'include_vars') return false;
  if (task.module !== 'set_fact') return true;
  for (const name of Object.keys(task.args)) {
    if (name.includes('{')) return false;
    pending.add(name);
  }
  return true;
}
