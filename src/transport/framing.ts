/** What one reply may hold per stream; what is beyond is read and dropped, so that the host is never blocked by it. */
const replyLimit = 8 * 1024 * 1024;

/**
 * Cuts one script's output out of a byte stream: what stands between the line `NONCE<` and the line `NONCE> …`. What comes
 * before the first is late output of an earlier script's children and belongs to nobody.
 */
export class OutputCutter {
  readonly #begin: Buffer;
  readonly #end: Buffer;
  readonly #limit: number;
  readonly #kept: Buffer[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #size = 0;
  #dropped = 0;
  #begun = false;
  /** The words after `NONCE>`, once they came. */
  tail: string | undefined;

  constructor(nonce: string, limit: number = replyLimit) {
    this.#begin = Buffer.from(`${nonce}<\n`);
    this.#end = Buffer.from(`${nonce}> `);
    this.#limit = limit;
  }

  /** Takes the next bytes; returns the part of them that is this script's output, for those who watch it live. */
  push(chunk: Buffer): Buffer {
    if (this.tail !== undefined) {
      return Buffer.alloc(0);
    }
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (!this.#begun && !this.#findBegin()) {
      return Buffer.alloc(0);
    }
    const at = this.#pending.indexOf(this.#end);
    if (at === -1) {
      return this.#keep(this.#pending.length - unfinished(this.#pending, this.#end));
    }
    const output = this.#keep(at);
    const newline = this.#pending.indexOf(0x0a);
    if (newline !== -1) {
      this.tail = this.#pending.subarray(this.#end.length, newline).toString();
    }
    return output;
  }

  /** The script's shell said that it is about to start it. */
  get begun(): boolean {
    return this.#begun;
  }

  /** All output so far. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const text = Buffer.concat(this.#kept).toString('utf8');
    return this.#dropped === 0 ? text : `${text}\n[${this.#dropped} more bytes of output were dropped]\n`;
  }

  #findBegin(): boolean {
    const at = this.#pending.indexOf(this.#begin);
    if (at === -1) {
      this.#pending = this.#pending.subarray(this.#pending.length - unfinished(this.#pending, this.#begin));
      return false;
    }
    this.#pending = this.#pending.subarray(at + this.#begin.length);
    this.#begun = true;
    return true;
  }

  #keep(length: number): Buffer {
    const output = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    const room = Math.max(0, this.#limit - this.#size);
    if (length > 0 && room > 0) {
      this.#kept.push(output.subarray(0, room));
    }
    this.#size += Math.min(length, room);
    this.#dropped += Math.max(0, length - room);
    return output;
  }
}

/** How many bytes at the end of `bytes` may be the start of `mark`. */
function unfinished(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) {
      return length;
    }
  }
  return 0;
}
