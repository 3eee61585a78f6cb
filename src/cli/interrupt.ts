import { output } from './terminal.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Who sits before the program: told of the first signal, and left in order at the second. */
export interface Audience {
  notice(message: string): void;
  leave(): void;
}

const onStderr: Audience = { notice: (message) => output.errorLine(message), leave: () => undefined };

/** The first signal aborts: nothing new starts, what runs is ended. The second leaves at once. */
export function watchInterrupts(audience: Audience = onStderr): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const onSignal = (name: string) => {
    if (controller.signal.aborted) {
      audience.leave();
      process.exit(130);
    }
    controller.abort();
    audience.notice(`${name}: nothing new is started, what runs is being ended (again: leave at once)`);
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
