import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import { writeFileScript } from '../../sh/write-file.ts';
import { outlastRewrite } from '../append-only-file.ts';
import type { ApplyContext, Result } from '../contract.ts';
import { must } from '../redis-build/build-on-host.ts';
import { errorOf } from '../redis-config/config-state.ts';
import { runInForeground } from './foreground.ts';
import type { ServerPlan } from './plan-server.ts';
import { label, nodeQuery, type ServerArgs, serverPath, unitPath } from './server-args.ts';
import type { Running, ServerState } from './server-state.ts';
import { bootScript, daemonizeScript, logSizeScript, removeUnitScript, systemdStartScript } from './start-scripts.ts';
import { awaitEnd, awaitReady, pulseOf } from './wait-server.ts';

/** Carries a plan out: stop, unit, start, and wait until the node is ready or gone. */
export async function applyServer(
  plan: ServerPlan,
  args: ServerArgs,
  context: ApplyContext,
  state: ServerState,
): Promise<Result> {
  if (plan.stop) {
    await stop(plan.stop, args, context);
  }
  if (plan.removeUnit) {
    await must(context, removeUnitScript(args, unitPath(args)), `${unitPath(args)} could not be removed`);
  }
  if (plan.unit !== undefined) {
    const script = writeFileScript({
      path: unitPath(args),
      bytes: Buffer.byteLength(plan.unit),
      mode: '0644',
      owner: '0',
      group: '0',
    });
    await must(context, script, `${unitPath(args)} could not be written`, { stdin: Buffer.from(plan.unit) });
  }
  if (plan.unit !== undefined || plan.enable) {
    await must(context, bootScript(args, plan.enable ?? false), `${unitPath(args)} could not be loaded`);
  }
  if (plan.start === 'foreground') return { ...plan.result, ...(await runInForeground(args, context)) };
  const ready = plan.start ? await start(plan, args, context, state) : await loaded(plan.wait, args, context);
  const node = ready ? { pid: Number(ready.pid), run_id: ready.runId, version: ready.version } : {};
  return { ...plan.result, ...node, changed: plan.changes.length > 0 };
}

async function start(plan: ServerPlan, args: ServerArgs, context: ApplyContext, state: ServerState): Promise<Running> {
  const log = state.conf.logfile || `${args.config}.log`;
  const logSize = Number((await context.sh(logSizeScript(log))).stdout.trim() || 0);
  const script = plan.start === 'systemd' ? systemdStartScript(args) : daemonizeScript(args, state);
  const reply = await context.sh(script);
  if (reply.rc === 3) {
    throw new TaskError(`${label(args)} cannot start, ${reply.stderr.trim().replace(/^taken: /, 'taken is port ')}`, {
      hint: 'stop what listens there, or give this node another port',
    });
  }
  const pid = reply.stdout.trim();
  if (reply.rc !== 0 || pid === '') {
    throw new TaskError(`${label(args)} could not be started: ${reply.stderr.trim() || `exit status ${reply.rc}`}`);
  }
  const { stdout } = await must(
    context,
    `readlink -f ${quote(serverPath(args))}`,
    `${serverPath(args)} could not be found`,
  );
  const started = { pid, server: stdout.trim(), oldRunId: plan.stop?.runId, log, logSize };
  const ready = await awaitReady(started, args, context);
  const pulse = await pulseOf(pid, context);
  if (pulse !== 'gone' && pulse.exe !== '' && pulse.exe !== started.server) {
    throw new TaskError(`${label(args)} is answered by ${pulse.exe}, not by ${started.server} that was started`);
  }
  return ready;
}

async function loaded(
  node: Running | undefined,
  args: ServerArgs,
  context: ApplyContext,
): Promise<Running | undefined> {
  return (
    node && awaitReady({ pid: node.pid, server: '', oldRunId: undefined, log: args.config, logSize: 0 }, args, context)
  );
}

/** Ask the node to save and stop; where the command is renamed, its process is asked by SIGTERM, which means the same. */
async function stop(node: Running, args: ServerArgs, context: ApplyContext): Promise<void> {
  const refusal = await shutDown(args, context);
  if (refusal !== undefined && /unknown command|NOPERM/i.test(refusal)) {
    await must(context, `kill -TERM ${quote(node.pid)}`, `${label(args)} (pid ${node.pid}) could not be told to stop`);
  } else if (refusal !== undefined) {
    throw new TaskError(`${label(args)} refused to stop: ${refusal}. It still runs and was not killed`, {
      hint: 'its log says why; a full disk is the usual cause',
    });
  }
  await awaitEnd(node.pid, args, context);
  // Its owner may have told systemd to bring it back, whatever ended it.
  if (args.unit !== undefined) await must(context, `systemctl stop ${quote(args.unit)}`, `${args.unit} did not stop`);
}

/**
 * Why the node does not stop, if it does not. A node that has just taken over all data of a master, or was just told to keep an
 * append-only file, refuses until the first one is whole: that is waited for, and it is asked once more.
 */
async function shutDown(args: ServerArgs, context: ApplyContext): Promise<string | undefined> {
  const ask = async (): Promise<string | undefined> => {
    const answer = await context.query(nodeQuery(args, [['SHUTDOWN']], args.timeout * 1000));
    return answer.ok ? errorOf(answer.replies[0]) : undefined;
  };
  const refusal = await ask();
  if (!refusal?.includes('Errors trying to SHUTDOWN')) return refusal;
  await outlastRewrite(nodeQuery(args, []), label(args), context);
  return await ask();
}
