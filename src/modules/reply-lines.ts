import { TaskError } from '../errors/errors.ts';
import type { Reply } from '../transport/contract.ts';

/** Reads a script's output line by line; what may hold newlines itself (a link's target, a file's text) comes last. */
export class ReplyLines {
  private text: string;
  constructor(reply: Reply, what: string) {
    if (reply.rc !== 0) throw failedScript(reply, what);
    this.text = reply.stdout;
  }

  next(): string {
    return this.until('\n');
  }

  /** What may hold newlines and is ended by a NUL: a path. */
  field(): string {
    return this.until('\0');
  }

  private until(mark: string): string {
    const end = this.text.indexOf(mark);
    const line = end < 0 ? this.text : this.text.slice(0, end);
    this.text = end < 0 ? '' : this.text.slice(end + 1);
    return line;
  }

  /** Everything that is left, as it is. */
  rest(): string {
    return this.text;
  }

  /** The lines that are left, without an empty one at the end. */
  lines(): string[] {
    return this.text === '' ? [] : this.text.replace(/\n$/, '').split('\n');
  }
}

/** A TaskError that carries what the script said. */
export function failedScript(reply: Reply, what: string, hint?: string): TaskError {
  const said = (reply.stderr.trim() || reply.stdout.trim()).slice(-2000);
  return new TaskError(`${what} failed${said === '' ? ` with exit status ${reply.rc}` : `: ${said}`}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { rc: reply.rc, stdout: reply.stdout, stderr: reply.stderr },
  });
}
