import { randomBytes } from 'node:crypto';
import { TaskError } from '../errors/errors.ts';
import type { Channel } from './channel.ts';
import type { Reply, ShOptions } from './contract.ts';
import { sendFrames } from './frames.ts';
import { OutputCutter } from './framing.ts';

const defaultIdleMs = 30 * 60 * 1000;
/** The shell ends a script by TERM, then after 3 s by KILL, then says so. */
const endingMs = 9000;

/** What goes to the shell for one script. `packed`: stdin is gzip's. */
export interface Message {
  readonly text: Buffer;
  readonly stdin: Buffer | undefined;
  readonly packed: boolean;
}

/** One script on its way: from the message that starts it to the marks that end its output. */
export class ScriptRun {
  /** For messages: the script's first line. */
  readonly what: string;
  readonly reply: Promise<Reply>;
  /** A child that the script left behind may still write to the session's output. */
  leftChildren = false;
  readonly #channel: Channel;
  readonly #options: ShOptions;
  readonly #stdout: OutputCutter;
  readonly #stderr: OutputCutter;
  readonly #sending = new AbortController();
  readonly #idle: NodeJS.Timeout;
  #ending: NodeJS.Timeout | undefined;
  #stopped: Error | undefined;
  #framesDue: boolean;
  #settle: (act: 'resolve' | Error) => void = () => undefined;

  constructor(what: string, channel: Channel, message: Message, options: ShOptions) {
    this.what = what;
    this.#channel = channel;
    this.#options = options;
    const nonce = randomBytes(16).toString('hex');
    this.#stdout = new OutputCutter(nonce);
    this.#stderr = new OutputCutter(nonce);
    this.#framesDue = message.stdin !== undefined;
    const idleMs = options.idleTimeoutMs ?? defaultIdleMs;
    this.#idle = setTimeout(() => this.stop(this.#silence(idleMs)), idleMs);
    this.reply = this.#listen();
    this.#send(nonce, message);
  }

  /** End the script's process group; the reply rejects with `reason` once the host said that it is gone. */
  stop(reason: Error): void {
    if (this.#stopped === undefined) {
      this.#stopped = reason;
      this.#sending.abort();
      this.#ending = setTimeout(() => {
        // Nobody said that it has ended: the loss of the shell is what is known.
        this.#stopped = undefined;
        this.#channel.destroy();
      }, endingMs);
      if (this.#stdout.begun) this.#sendStop();
    }
  }

  /** Only after the first mark: a TERM that comes before the script's shell minds it ends that shell without a word. */
  #sendStop(): void {
    this.#channel.stdin.write('stop\n');
    this.#ending?.refresh();
  }

  /** No reply will come any more. */
  fail(error: Error): void {
    this.#settle(this.#stopped ?? error);
  }

  #send(nonce: string, { text, stdin, packed }: Message): void {
    const flow = stdin === undefined ? 'none' : packed ? 'gzip' : 'plain';
    this.#channel.stdin.write(`run ${nonce} ${text.length} ${flow}\n`);
    this.#channel.stdin.write(text);
    if (stdin !== undefined) {
      const onProgress = () => this.#idle.refresh();
      void sendFrames(this.#channel.stdin, stdin, this.#sending.signal, onProgress).then((whole) => {
        this.#framesDue &&= !whole;
      });
    }
  }

  #listen(): Promise<Reply> {
    const { stdout, stderr } = this.#channel;
    return new Promise((resolve, reject) => {
      const onStdout = (chunk: Buffer) => this.#take(this.#stdout, chunk);
      const onStderr = (chunk: Buffer) => this.#take(this.#stderr, chunk);
      stdout.on('data', onStdout);
      stderr.on('data', onStderr);
      this.#settle = (outcome) => {
        clearTimeout(this.#idle);
        clearTimeout(this.#ending);
        stdout.off('data', onStdout);
        stderr.off('data', onStderr);
        this.#sending.abort();
        if (outcome === 'resolve') {
          resolve(this.#result());
        } else {
          reject(outcome);
        }
      };
    });
  }

  #take(cutter: OutputCutter, chunk: Buffer): void {
    this.#idle.refresh();
    const begun = this.#stdout.begun;
    const output = cutter.push(chunk);
    if (this.#stopped !== undefined && !begun && this.#stdout.begun) this.#sendStop();
    if (output.length > 0) {
      this.#options.onOutput?.(output.toString('utf8'));
    }
    if (this.#stdout.tail === undefined || this.#stderr.tail === undefined) {
      return;
    }
    this.leftChildren = this.#stdout.tail.endsWith(' 1');
    if (this.#framesDue && this.#stopped === undefined) {
      // The script ended without reading its whole stdin: the shell is told to wait for no more of it.
      this.#sending.abort();
      this.#channel.stdin.write('0\n');
    }
    this.#settle(this.#stopped ?? 'resolve');
  }

  #result(): Reply {
    const rc = Number(this.#stdout.tail?.split(' ')[0] ?? 255);
    return { rc, stdout: this.#stdout.text(), stderr: this.#stderr.text() };
  }

  #silence(idleMs: number): TaskError {
    const details = { stdout: this.#stdout.text(), stderr: this.#stderr.text() };
    return new TaskError(`No output for ${Math.round(idleMs / 1000)} s, so it was ended: ${this.what}`, { details });
  }
}
