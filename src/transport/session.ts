import { randomBytes } from 'node:crypto';
import { InterruptedError, TaskError, UnreachableError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { Channel } from './channel.ts';
import type { Reply, Shell, ShOptions } from './contract.ts';
import { sendFrames } from './frames.ts';
import { OutputCutter } from './framing.ts';
import { type Identity, shakeHands } from './handshake.ts';
import { type StartDirectory, sessionProgram } from './loop.ts';

const defaultIdleMs = 30 * 60 * 1000;
/** The shell ends a script by TERM, then after 3 s by KILL, then says so. */
const endingMs = 9000;

interface Running {
  readonly what: string;
  readonly abort: AbortController;
  readonly stop: (reason: Error) => void;
}

/** One long-lived shell on a host: scripts go in one at a time, each comes back with its exit status and output. */
export class Session implements Shell {
  readonly #host: string;
  readonly #channel: Channel;
  readonly #ready: Promise<Identity>;
  #identity: Identity | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #running: Running | undefined;
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

  get alive(): boolean {
    return this.#gone === undefined;
  }

  run(script: string, options: ShOptions = {}): Promise<Reply> {
    const turn = this.#last.then(() => this.#run(script, options));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async cancel(): Promise<void> {
    this.#running?.stop(new InterruptedError(`Interrupted: ${this.#running.what}`));
    await this.#last;
  }

  /** End what runs, and the shell. Resolves when the host said so, at the latest after 10 s. */
  async close(): Promise<void> {
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
    const text = Buffer.from(`exec 3<&-\n${exports(options.env)}${script.replace(/\n+$/, '')}`);
    const nonce = randomBytes(16).toString('hex');
    const stdout = new OutputCutter(nonce);
    const stderr = new OutputCutter(nonce);
    const what = summary(script);
    if (this.#gone !== undefined) {
      await this.#ready;
      throw this.#lost(what, 'before it was started');
    }
    const { stdin, stdout: out, stderr: err } = this.#channel;
    const abort = new AbortController();
    const idleMs = options.idleTimeoutMs ?? defaultIdleMs;
    let framesDue = options.stdin !== undefined;

    return await new Promise<Reply>((resolve, reject) => {
      let stopped: Error | undefined;
      let ending: NodeJS.Timeout | undefined;
      const idle = setTimeout(() => {
        stop(
          new TaskError(`No output for ${Math.round(idleMs / 1000)} s, so it was ended: ${what}`, {
            details: partial(),
          }),
        );
      }, idleMs);
      const partial = () => ({ stdout: stdout.text(), stderr: stderr.text() });
      const stop = (reason: Error) => {
        if (stopped === undefined) {
          stopped = reason;
          abort.abort();
          stdin.write('stop\n');
          ending = setTimeout(() => this.#channel.destroy(), endingMs);
        }
      };
      const settle = (act: () => void) => {
        clearTimeout(idle);
        clearTimeout(ending);
        out.off('data', onStdout);
        err.off('data', onStderr);
        this.#running = undefined;
        abort.abort();
        act();
      };
      const take = (cutter: OutputCutter, chunk: Buffer) => {
        idle.refresh();
        const output = cutter.push(chunk);
        if (output.length > 0) {
          options.onOutput?.(output.toString('utf8'));
        }
        if (stdout.tail !== undefined && stderr.tail !== undefined) {
          const [rc, left] = stdout.tail.split(' ').map(Number);
          this.tainted ||= left === 1;
          if (framesDue && stopped === undefined) {
            abort.abort();
            stdin.write('0\n');
          }
          const reply = { rc: rc ?? 255, stdout: stdout.text(), stderr: stderr.text() };
          settle(() => (stopped === undefined ? resolve(reply) : reject(stopped)));
        }
      };
      const onStdout = (chunk: Buffer) => take(stdout, chunk);
      const onStderr = (chunk: Buffer) => take(stderr, chunk);
      this.#running = { what, abort, stop };

      out.on('data', onStdout);
      err.on('data', onStderr);
      // Sent without waiting for the shell's answer: one round trip less for the first script.
      stdin.write(`run ${nonce} ${text.length} ${options.stdin === undefined ? 0 : 1}\n`);
      stdin.write(text);
      if (options.stdin !== undefined) {
        void sendFrames(stdin, options.stdin, abort.signal, () => idle.refresh()).then((whole) => {
          framesDue &&= !whole;
        });
      }
      const fail = (error: unknown) => settle(() => reject(error));
      this.#ready.then(
        () => this.#channel.ended.then(() => fail(stopped ?? this.#lost(what, 'before its exit status came'))),
        fail,
      );
    });
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
