import { InputError, InterruptedError, LockedError, TaskError } from '../errors/errors.ts';
import { selectHosts } from '../inventory/patterns.ts';
import type { Play, Playbook } from '../playbook/contract.ts';
import type { RunEvent } from '../report/contract.ts';
import type { HostState } from './host-state.ts';
import type { RunRequest } from './request.ts';
import { contextOf, hostsOf, runPlay } from './run-play.ts';
import { Run } from './run-state.ts';

/** Exit statuses of a run (docs: language reference, "Exit status"). */
const EXIT = { ok: 0, failed: 2, locked: 3, unreachable: 4, interrupted: 130 } as const;

/** Run playbooks, play by play, and return the exit status. Every outcome is told through events; only bugs throw. */
export async function run(request: RunRequest): Promise<number> {
  checkLimit(request);
  const started = performance.now();
  const state = new Run(request);
  request.emit({
    event: 'run_start',
    playbooks: request.playbooks.map(({ file }) => file),
    inventory: [...request.inventorySources],
    check: request.check,
    version: request.version,
  });
  const ending = limitEnding(state);
  let stopped: { exit: number; message: string } | undefined;
  const plays = request.playbooks.flatMap((playbook) => playbook.plays.map((play) => ({ playbook, play })));
  try {
    stopped = await runPlays(state, plays);
    if (stopped === undefined && !state.reachedStart) request.emit(startNotFound(request));
  } catch (error) {
    stopped = stopOf(error, request);
  } finally {
    await state.locks.release();
    await state.connections.closeAll();
    state.reader.closeLinks();
    ending.over();
  }
  if (stopped && ending.unconfirmed.length > 0) stopped.message = unconfirmedMessage(ending.unconfirmed);
  const stats = Object.fromEntries(
    [...state.hosts].filter(([, host]) => host.wasInPlay).map(([name, host]) => [name, host.stats]),
  );
  const exit = stopped && stopped.exit !== EXIT.ok ? stopped.exit : exitOf([...state.hosts.values()]);
  if (exit === EXIT.ok && !request.check && stopped === undefined) request.askedBefore?.keep();
  request.emit({
    event: 'run_end',
    exit,
    stats,
    owed: state.owed.remaining(),
    not_finished: notFinished(state, plays),
    duration_ms: Math.round(performance.now() - started),
    ...(stopped && { message: stopped.message }),
  });
  return exit;
}

/** A slip of the pen would look like a run that found all well. */
function startNotFound({ startAtTask }: RunRequest): RunEvent {
  const message = `--start-at-task: no task is called '${startAtTask}', so none was run`;
  return { event: 'warning', message, hint: 'see the names with --list-tasks' };
}

interface PlayOf {
  readonly playbook: Playbook;
  readonly play: Play;
}

/** Takes from `plays` what it begins, so that what is left there was never begun. */
async function runPlays(state: Run, plays: PlayOf[]): Promise<{ exit: number; message: string } | undefined> {
  for (const { playbook, play } of plays) {
    state.locks.expect(contextOf(state, playbook, play), hostsOf(state, playbook, play));
  }
  for (let next = plays.shift(); next !== undefined; next = plays.shift()) {
    const reason = await runPlay(state, next.playbook, next.play);
    if (state.request.signal.aborted) throw new InterruptedError('interrupted');
    if (reason !== undefined) return { exit: EXIT.ok, message: reason };
    const endsPlaybook = plays.length > 0 && plays[0]?.playbook !== next.playbook;
    if (endsPlaybook && exitOf([...state.hosts.values()]) !== EXIT.ok) {
      const message = `hosts failed in ${next.playbook.file}, so the playbooks after it were not begun`;
      return { exit: EXIT.ok, message };
    }
  }
  return undefined;
}

/** Hosts that were skipped over, though nothing failed on them: others' failures or an interrupt ended their play, or came before it. */
function notFinished(state: Run, neverBegun: readonly PlayOf[]): string[] {
  const { inventory, limit } = state.request;
  const limited = limit ? new Set(selectHosts(inventory, limit)) : undefined;
  const begun = [...state.hosts.values()].filter(({ isPending }) => isPending).map(({ name }) => name);
  const others = neverBegun
    .flatMap(({ playbook, play }) => hostsOf(state, playbook, play))
    .filter((name) => limited?.has(name) ?? true);
  return [...new Set([...begun, ...others])].filter((name) => {
    const { stats } = state.host(name);
    return stats.failed === 0 && stats.unreachable === 0;
  });
}

/** After an interrupt every wait together has this long; the rest of the promised 10 s is for closing. */
const ENDING_MS = 8000;

/** A host that hangs or is cut off must not keep an interrupted run waiting: it is let go, and named. */
function limitEnding({ request: { signal }, connections }: Run): { unconfirmed: string[]; over(): void } {
  const unconfirmed: string[] = [];
  let limit: NodeJS.Timeout | undefined;
  const start = () => {
    limit = setTimeout(() => {
      void connections.abandonAll().then((hosts) => unconfirmed.push(...hosts));
    }, ENDING_MS);
  };
  signal.addEventListener('abort', start, { once: true });
  return {
    unconfirmed,
    over: () => {
      clearTimeout(limit);
      signal.removeEventListener('abort', start);
    },
  };
}

function unconfirmedMessage(hosts: readonly string[]): string {
  return `interrupted: nothing new was started; ${hosts.join(', ')} did not confirm in time that what ran there has ended, and the next run waits for its end`;
}

function stopOf(error: unknown, request: RunRequest): { exit: number; message: string } {
  if (error instanceof LockedError) return { exit: EXIT.locked, message: error.message };
  if (error instanceof InterruptedError || request.signal.aborted) {
    return { exit: EXIT.interrupted, message: 'interrupted: nothing new was started, and what ran was ended' };
  }
  // A keyword of the play itself, such as its batches, that cannot be told.
  if (error instanceof TaskError) return { exit: EXIT.failed, message: error.message };
  throw error;
}

/** Failures that `meta: clear_host_errors` has pardoned do not count, as in Ansible. */
function exitOf(hosts: readonly HostState[]): number {
  if (hosts.some(({ unreachable }) => unreachable)) return EXIT.unreachable;
  return hosts.some(({ failure }) => failure) ? EXIT.failed : EXIT.ok;
}

function checkLimit(request: RunRequest): void {
  if (!request.limit || selectHosts(request.inventory, request.limit).length > 0) return;
  throw new InputError([
    {
      severity: 'error',
      code: 'empty-limit',
      message: `--limit '${request.limit}' leaves no hosts to target`,
      hint: 'see the hosts and groups with `rcdeploy inventory --graph`',
    },
  ]);
}
