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
    if (progress.stalledAt(`${pulse.pulse} ${detail}`)) {
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
    if (progress.stalledAt(pulse.pulse)) {
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

export async function pulseOf(pid: string, context: ApplyContext): Promise<'gone' | { exe: string; pulse: string }> {
  const { stdout } = await must(context, pulseScript(pid), `process ${pid} could not be looked at`);
  if (stdout.startsWith('gone')) {
    return 'gone';
  }
  const [exe = '', pulse = ''] = stdout.split('\n');
  return { exe: exe.replace(/^exe /, '').replace(/ \(deleted\)$/, ''), pulse };
}

async function died(started: Started, args: ServerArgs, context: ApplyContext): Promise<TaskError> {
  const { stdout } = await context.sh(logTailScript(args, started.log, started.logSize));
  const said = stdout.trim() || 'it wrote nothing to its log';
  return new TaskError(`${label(args)} was started (pid ${started.pid}) and ended at once: ${said}`, {
    hint: `the whole log is ${started.log}`,
    details: { log: said },
  });
}
