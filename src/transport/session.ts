import { randomBytes } from 'node:crypto';
import { InterruptedError, TaskError, UnreachableError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { Channel } from './channel.ts';
import type { Reply, Shell, ShOptions } from './contract.ts';
import { type Identity, shakeHands } from './handshake.ts';
import { type StartDirectory, sessionProgram } from './loop.ts';
import { pack } from './pack.ts';
import { ScriptRun } from './script-run.ts';

/** One long-lived shell on a host: scripts go in one at a time, each comes back with its exit status and output. */
export class Session implements Shell {
  readonly #host: string;
  readonly #channel: Channel;
  readonly #ready: Promise<Identity>;
  #identity: Identity | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #running: ScriptRun | undefined;
  #cancels = 0;
  #gone: string | undefined;
  /** A script left children that still hold the session's output: they may write between other scripts' lines. */
  tainted = false;

  constructor(host: string, channel: Channel, directory: StartDirectory) {
    this.#host = host;
    this.#channel = channel;
    const mark = randomBytes(16).toString('hex');
    channel.stdin.on('error', () => undefined);
    void channel.ended.then((how) => {
      this.#gone = how;
    });
    channel.stdin.write(sessionProgram(mark, directory));
    this.#ready = shakeHands(host, channel, mark);
    this.#ready.then(
      (identity) => {
        this.#identity = identity;
      },
      () => undefined,
    );
  }

  /** Resolves when the shell has answered; rejects with UnreachableError saying what came instead. */
  async ready(): Promise<this> {
    await this.#ready;
    return this;
  }

  get identity(): Identity {
    if (this.#identity === undefined) {
      throw new UnreachableError(this.#host, 'The shell on the host has not answered yet');
    }
    return this.#identity;
  }

  /** A script runs, or is on its way. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  run(script: string, options: ShOptions = {}): Promise<Reply> {
    const turn = this.#last.then(() => this.#run(script, options));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async cancel(): Promise<void> {
    this.#cancels++;
    this.#running?.stop(new InterruptedError(`Interrupted: ${this.#running.what}`));
    await this.#last;
  }

  /** Let the shell end by itself, which nobody waits for: only while nothing runs. */
  leave(): void {
    this.#channel.stdin.end();
  }

  /** End what runs, and the shell. Resolves when the host said so, at the latest after 10 s. */
  async close(): Promise<void> {
    this.#running?.stop(new InterruptedError(`Interrupted: ${this.#running.what}`));
    this.#channel.stdin.end();
    this.#channel.stdout.resume();
    this.#channel.stderr.resume();
    const limit = setTimeout(() => this.#channel.destroy(), 10_000);
    await this.#channel.ended;
    clearTimeout(limit);
  }

  async #run(script: string, options: ShOptions): Promise<Reply> {
    if (script.includes('\0')) {
      throw new TypeError('A script cannot hold a NUL character');
    }
    const what = summary(script);
    const cancels = this.#cancels;
    const packed = options.stdin !== undefined && this.#identity?.gzip ? await pack(options.stdin) : undefined;
    if (this.#gone !== undefined) {
      await this.#ready;
      throw this.#lost(what, 'before it was started');
    }
    if (cancels !== this.#cancels) {
      throw new InterruptedError(`Interrupted before it was started: ${what}`);
    }
    // The shell is not waited for: one round trip less for the first script.
    const message = {
      text: Buffer.from(`exec 3<&-\n${exports(options.env)}${script.replace(/\n+$/, '')}`),
      stdin: packed ?? options.stdin,
      packed: packed !== undefined,
    };
    const run = new ScriptRun(what, this.#channel, message, options);
    this.#running = run;
    this.#ready.then(
      () => this.#channel.ended.then(() => run.fail(this.#lost(what, 'before its exit status came'))),
      (error: Error) => run.fail(error),
    );
    try {
      return await run.reply;
    } finally {
      this.#running = undefined;
      this.tainted ||= run.leftChildren;
    }
  }

  #lost(what: string, when: string): UnreachableError {
    const how = this.#gone ? `: ${this.#gone}` : '';
    return new UnreachableError(this.#host, `The connection was lost ${when} (${what})${how}`);
  }
}

/** The first line of a script that says something, short enough for a message. */
function summary(script: string): string {
  const line = script.split('\n').find((each) => each.trim() !== '' && !each.startsWith('#')) ?? '';
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

function exports(env: ShOptions['env']): string {
  return Object.entries(env ?? {})
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw new TaskError(`"${name}" is not a name that an environment variable can have`);
      }
      return `export ${name}=${quote(value)}\n`;
    })
    .join('');
}
