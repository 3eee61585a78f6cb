import { InterruptedError } from '../errors/errors.ts';
import type { ApplyContext } from '../modules/contract.ts';
import type { NodeLink } from '../redis/node/contract.ts';
import type { AboutTask } from '../report/contract.ts';
import type { Become, Reply, Shell, ShOptions } from '../transport/contract.ts';
import type { HostState } from './host-state.ts';
import type { PlayRun } from './play-run.ts';
import type { Call } from './prepare.ts';
import type { PlayContext, Run } from './run-state.ts';
import { connectingBecome } from './target.ts';

/** The hands of a module while it applies its plan. `over` lets go of what it may have left open. */
export function applyContext(
  play: PlayRun,
  call: Call,
  task: AboutTask,
  signal: AbortSignal,
): { readonly hands: ApplyContext; over(): void } {
  const { run, context } = play;
  const links: NodeLink[] = [];
  const { request } = run;
  const shOn =
    (host: HostState, become: Become | undefined): ApplyContext['sh'] =>
    async (script, options = {}) => {
      signal.throwIfAborted();
      return run.forks.run(async () => {
        const shell = await run.connections.shell(host.name, become, context);
        const env = { ...call.environment, ...options.env };
        return await runCancellable(shell, script, { ...options, env }, signal).finally(() => {
          host.forgetReads();
          run.reader.dropLinks();
        });
      });
    };
  const hands: ApplyContext = {
    host: call.on.name,
    diff: call.diff,
    leaveForS: call.leaveForS,
    signal,
    cacheDir: request.cacheDir,
    sh: shOn(call.on, call.become),
    on: (name) => {
      const host = run.host(name);
      return { sh: shOn(host, becomeElsewhere(run, call.become, host, context)) };
    },
    stateOf: (name) => ({ sh: shOn(run.host(name), run.stateBecome(name)) }),
    query: (query) => run.reader.queryNow(query, context),
    link: async (node) => {
      const link = await run.reader.link(node, context);
      links.push(link);
      return link;
    },
    openStream: async (to) => (await run.connections.connection(call.on.name, context)).openStream(to),
    once: (key, work) => run.once(key, work),
    progress: (message) => request.emit({ event: 'wait', ...task, host: call.on.name, message }),
    output: (message) => request.emit({ event: 'wait', ...task, host: call.on.name, message, output: true }),
    reconnect: async () => {
      call.on.forgetReads();
      await run.connections.drop(call.on.name);
    },
    ask: async (question, options) => request.ask?.(question, { ...options, signal }),
    sleep: (ms) => sleep(ms, signal),
  };
  return {
    hands,
    over: () => {
      for (const link of links) link.close();
    },
  };
}

/** Who a task is on another host than its own: the same user, with that host's own password and method. */
export function becomeElsewhere(
  run: Run,
  become: Become | undefined,
  host: HostState,
  context: PlayContext,
): Become | undefined {
  return connectingBecome(become, run.scope(host, context), context.play, run.request);
}

/** Run a script that is ended on the host when the signal comes. */
export async function runCancellable(
  shell: Shell,
  script: string,
  options: ShOptions,
  signal: AbortSignal,
): Promise<Reply> {
  signal.throwIfAborted();
  const cancel = () => void shell.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await shell.run(script, options);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Resolves after `ms`; rejects with InterruptedError when the signal comes first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupted = () => {
      clearTimeout(timer);
      reject(new InterruptedError('interrupted while waiting'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupted);
      resolve();
    }, ms);
    if (signal.aborted) interrupted();
    else signal.addEventListener('abort', interrupted, { once: true });
  });
}
