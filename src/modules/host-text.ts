/**
 * The text of a file on a host. A file that is not UTF-8 has one character for each byte instead, and so have the texts that are
 * looked for in it or put into it: nothing that an edit leaves alone is changed by it.
 */
export class HostText {
  readonly text: string;
  readonly #encoding: 'utf8' | 'latin1';

  constructor(bytes: Buffer) {
    const text = bytes.toString('utf8');
    this.#encoding = Buffer.from(text).equals(bytes) ? 'utf8' : 'latin1';
    this.text = this.#encoding === 'utf8' ? text : bytes.toString('latin1');
  }

  /** A text of the task as it stands in this file. */
  said(text: string): string {
    return this.#encoding === 'utf8' ? text : Buffer.from(text).toString('latin1');
  }

  bytesOf(text: string): Buffer {
    return Buffer.from(text, this.#encoding);
  }
}

/** The lines of a text, each with its newline. */
export function linesWithEnds(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
