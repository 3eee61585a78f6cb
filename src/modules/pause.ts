import type { HostModule, Result } from './contract.ts';
import type { PauseArgs } from './generated/pause.ts';

const defaultQuestion = 'Press enter to continue, Ctrl+C to interrupt';

function secondsOf(args: PauseArgs): number | undefined {
  return args.minutes === undefined ? args.seconds : args.minutes * 60;
}

/** Python's way to write a float. */
function floatText(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

/** The playbook's loader lets it run once for a batch. */
export const pause: HostModule<PauseArgs, undefined> = {
  kind: 'host',
  name: 'pause',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan(_state, args, env) {
    if (env.check) return { changes: [], skipped: 'Would pause if not in check mode' };
    return { changes: [], applies: true, result: { changed: false, echo: args.echo, rc: 0, stderr: '' } };
  },
  async apply(_plan, args, context) {
    const start = new Date();
    const seconds = secondsOf(args);
    let answer = '';
    if (seconds === undefined) {
      const question = args.prompt ?? defaultQuestion;
      const said = await context.ask(question, { echo: args.echo });
      answer = said ?? '';
      if (said === undefined) context.progress(`nobody is at a terminal to answer: ${question}`);
    } else {
      context.progress(`${args.prompt ?? 'pauses'} (${seconds} s)`);
      await context.sleep(seconds * 1000);
    }
    const elapsed = (Date.now() - start.getTime()) / 1000;
    const length = args.minutes === undefined ? `${floatText(elapsed)} seconds` : `${floatText(elapsed / 60)} minutes`;
    const time = (date: Date) => `${date.toISOString().replace('T', ' ').slice(0, 23)}000`;
    const result: Result = {
      changed: false,
      start: time(start),
      stop: time(new Date()),
      delta: Math.floor(elapsed),
      stdout: `Paused for ${length}`,
      user_input: answer,
    };
    return result;
  },
};
