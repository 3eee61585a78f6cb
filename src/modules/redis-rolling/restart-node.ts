import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext } from '../contract.ts';
import { applyServer } from '../redis-server/apply-server.ts';
import { planServer } from '../redis-server/plan-server.ts';
import { label, nodeQuery, type ServerArgs } from '../redis-server/server-args.ts';
import { parseServerState, serverQuestions, serverReadScript } from '../redis-server/server-state.ts';

export interface Hooks {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** Stops a node by SHUTDOWN and starts it by its supervisor as what is installed; it is ready when this resolves. */
export async function restartNode(args: ServerArgs, hooks: Hooks, context: ApplyContext): Promise<void> {
  const there = onHost(args.host, context);
  await runHook('before', hooks.before, args, there);
  await bring('stopped', args, there);
  await bring('started', args, there);
}

export async function startNode(args: ServerArgs, context: ApplyContext): Promise<void> {
  await bring('started', args, onHost(args.host, context));
}

export async function stopNode(args: ServerArgs, context: ApplyContext): Promise<void> {
  await bring('stopped', args, onHost(args.host, context));
}

export async function runHook(
  when: 'before' | 'after',
  command: string | undefined,
  args: ServerArgs,
  context: ApplyContext,
): Promise<void> {
  if (command === undefined) return;
  const env = { RCDEPLOY_NODE: label(args), RCDEPLOY_PORT: String(args.port) };
  const reply = await onHost(args.host, context).sh(`/bin/sh -c ${quote(command)}`, { env });
  if (reply.rc === 0) return;
  const said = `${reply.stderr}${reply.stdout}`.trim().split('\n').at(-1) ?? '';
  throw new TaskError(
    `the command ${when} ${label(args)} ended with exit status ${reply.rc}${said ? `: ${said}` : ''}`,
    {
      details: { rc: reply.rc, stdout: reply.stdout, stderr: reply.stderr },
    },
  );
}

/** As a redis_server task on that host would. */
async function bring(state: 'started' | 'stopped', server: ServerArgs, context: ApplyContext): Promise<void> {
  const args = { ...server, state };
  const [reply, node] = await Promise.all([
    context.sh(serverReadScript(args)),
    context.query(nodeQuery(args, serverQuestions)),
  ]);
  const found = parseServerState({ reply, nodes: [node] });
  const plan = planServer(found, args, { host: args.host, check: false, diff: false, changesPredicted: false });
  if (plan.failed !== undefined) throw new TaskError(plan.failed);
  await applyServer(plan, args, context, found);
}

function onHost(host: string, context: ApplyContext): ApplyContext {
  return { ...context, host, sh: context.on(host).sh };
}
