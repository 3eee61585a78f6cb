import type { Readable, Writable } from 'node:stream';

/** The three streams of a program that was started on a host, whatever carries them. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program has ended or its connection is gone, with words on how, as far as known. */
  readonly ended: Promise<string>;
  /** Let go at once of the program and its streams. */
  destroy(): void;
}
