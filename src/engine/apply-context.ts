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
import type { Way } from './ways.ts';

/** The hands of a module while it applies its plan. `over` lets go of what it may have left open; `hasWaited`: for something to become true. */
export function applyContext(
  play: PlayRun,
  call: Call,
  task: AboutTask,
  signal: AbortSignal,
): { readonly hands: ApplyContext; over(): void; hasWaited(): boolean } {
  const { run, context } = play;
  const links: NodeLink[] = [];
  let hasWaited = false;
  const { request } = run;
  const shOn =
    (way: Way, become: Become | undefined): ApplyContext['sh'] =>
    async (script, options = {}) => {
      signal.throwIfAborted();
      return run.forks.run(async () => {
        const shell = await run.connections.shell(way, become);
        const env = { ...call.environment, ...options.env };
        return await runCancellable(shell, script, { ...options, env }, signal).finally(() => {
          run.host(way.host).forgetReads();
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
    sh: shOn(call.way, call.become),
    on: (name) => {
      const become = becomeElsewhere(run, call.become, run.host(name), context);
      return { sh: shOn(run.ways.from(call.way, name), become) };
    },
    stateOf: (name) => {
      const { way, become } = run.keepers.of(run.ways.from(call.way, name));
      return { sh: shOn(way, become) };
    },
    query: (query) => run.reader.queryNow(query, call.way),
    link: async (node) => {
      const link = await run.reader.link(node, call.way);
      links.push(link);
      return link;
    },
    openStream: async (to) => (await run.connections.connection(call.way)).openStream(to),
    once: (key, work) => run.once(key, work),
    progress: (message) => request.emit({ event: 'wait', ...task, host: call.on.name, message }),
    output: (message) => request.emit({ event: 'wait', ...task, host: call.on.name, message, output: true }),
    reconnect: async () => {
      call.on.forgetReads();
      await run.connections.dropAll(call.way);
    },
    ask: async (question, options) => request.ask?.(question, { ...options, signal }),
    sleep: (ms) => {
      hasWaited = true;
      return sleep(ms, signal);
    },
  };
  return {
    hands,
    hasWaited: () => hasWaited,
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
