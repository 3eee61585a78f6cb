import { TaskError } from '../../errors/errors.ts';
import type { ApplyContext } from '../contract.ts';
import { ProgressWatch } from '../progress-watch.ts';
import { must } from '../redis-build/build-on-host.ts';
import { label, nodeQuery, type ServerArgs } from './server-args.ts';
import { nodeState, type Running, serverQuestions } from './server-state.ts';
import { logTailScript, pulseScript } from './start-scripts.ts';

/** What a started process is known by. */
export interface Started {
  readonly pid: string;
  /** Real path of the server that was started. */
  readonly server: string;
  /** run_id of the process before; the new one must have another. */
  readonly oldRunId: string | undefined;
  readonly log: string;
  readonly logSize: number;
}

/** Until the process that was started answers, is ours and has loaded its data. Only lack of progress ends the wait early. */
export async function awaitReady(started: Started, args: ServerArgs, context: ApplyContext): Promise<Running> {
  const progress = new ProgressWatch(args.timeout * 1000);
  let wait = 50;
  for (;;) {
    const node = nodeState(await context.query(nodeQuery(args, serverQuestions)));
    if (node !== 'down' && !('unknown' in node) && isStarted(node, started, args) && !node.isLoading) {
      return node;
    }
    const pulse = await pulseOf(started.pid, context);
    if (pulse === 'gone') {
      throw await died(started, args, context);
    }
    if (node !== 'down' && !('unknown' in node) && node.pid !== started.pid) {
      throw new TaskError(`${label(args)} is answered by pid ${node.pid}, not by pid ${started.pid} that was started`);
    }
    const detail =
      node === 'down'
        ? 'not listening yet'
        : 'unknown' in node
          ? node.unknown
          : `loading, ${node.loadedBytes ?? 0} bytes`;
    if (progress.stalledAt(`${busyTimes(pulse.ticks, args.timeout)} ${detail}`)) {
      throw new TaskError(
        `${label(args)} was started (pid ${started.pid}) but made no progress for ${args.timeout} s: ${detail}`,
        {
          hint: `its log is ${started.log}`,
        },
      );
    }
    context.progress(`waiting for ${label(args)}: ${detail}`);
    await context.sleep(wait);
    wait = Math.min(wait * 2, 500);
  }
}

function isStarted(node: Running, started: Started, args: ServerArgs): boolean {
  return node.pid === started.pid && node.runId !== started.oldRunId && node.configFile === args.config;
}

/** Until the process has ended by itself. It may write its data for long; it is never killed. */
export async function awaitEnd(pid: string, args: ServerArgs, context: ApplyContext): Promise<void> {
  const progress = new ProgressWatch(args.timeout * 1000);
  for (let wait = 50; ; wait = Math.min(wait * 2, 500)) {
    const pulse = await pulseOf(pid, context);
    if (pulse === 'gone') {
      return;
    }
    if (progress.stalledAt(`${busyTimes(pulse.ticks, args.timeout)} ${pulse.written}`)) {
      throw new TaskError(
        `${label(args)} (pid ${pid}) was told to stop, is still there, and did nothing for ${args.timeout} s`,
        {
          hint: 'it was not killed, so that no data is lost: see its log',
        },
      );
    }
    context.progress(`waiting for ${label(args)} to save and stop`);
    await context.sleep(wait);
  }
}

/** Hundredths of a second on every Linux (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Loading and saving take all of a processor; a server that idles takes some of it too, and more where it turns connections away. */
const BUSY_SHARE = 0.1;

/** How often a process has used as much CPU time as a busy one needs at least while it is waited for without other progress. */
function busyTimes(ticks: number, seconds: number): number {
  return Math.floor(ticks / (TICKS_PER_SECOND * seconds * BUSY_SHARE));
}

interface Pulse {
  readonly exe: string;
  /** CPU time of the process and its children that have ended. */
  readonly ticks: number;
  /** Bytes, empty where the kernel does not tell. */
  readonly written: string;
}

export async function pulseOf(pid: string, context: ApplyContext): Promise<'gone' | Pulse> {
  const { stdout } = await must(context, pulseScript(pid), `process ${pid} could not be looked at`);
  if (stdout.startsWith('gone')) {
    return 'gone';
  }
  const [exe = '', pulse = ''] = stdout.split('\n');
  const [, user, system, childrenUser, childrenSystem, written = ''] = pulse.split(' ');
  const ticks = [user, system, childrenUser, childrenSystem].reduce((sum, count) => sum + Number(count ?? 0), 0);
  return { exe: exe.replace(/^exe /, '').replace(/ \(deleted\)$/, ''), ticks, written };
}

async function died(started: Started, args: ServerArgs, context: ApplyContext): Promise<TaskError> {
  const { stdout } = await context.sh(logTailScript(args, started.log, started.logSize));
  const said = stdout.trim() || 'it wrote nothing to its log';
  return new TaskError(`${label(args)} was started (pid ${started.pid}) and ended at once: ${said}`, {
    hint: `the whole log is ${started.log}`,
    details: { log: said },
  });
}
