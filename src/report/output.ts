import type { Mask } from './mask.ts';

/** Where text for people and programs goes: the one way out of the program. */
export interface Terminal {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
}

/** Writes lines, masked. A reader that went away (`| head`) is no error: what follows is dropped. */
export class Output {
  readonly #terminal: Terminal;
  readonly #mask: Mask;
  #gone = false;

  constructor(terminal: Terminal, mask: Mask) {
    this.#terminal = terminal;
    this.#mask = mask;
    for (const stream of [terminal.stdout, terminal.stderr]) stream.on('error', () => this.#lost(stream));
  }

  /** Of the terminal, as wide as it is now. */
  get columns(): number | undefined {
    return this.#terminal.stdout.columns;
  }

  line(text: string): void {
    this.rawLine(this.#mask.text(text));
  }

  /** For text whose values are masked already and whose syntax a mask could break (JSON). */
  rawLine(text: string): void {
    if (!this.#gone) this.#terminal.stdout.write(`${text}\n`);
  }

  errorLine(text: string): void {
    this.#terminal.stderr.write(`${this.#mask.text(text)}\n`);
  }

  /** Resolves when everything is written or can never be. */
  async flush(): Promise<void> {
    const { stdout, stderr } = this.#terminal;
    await Promise.all([this.#gone ? undefined : written(stdout), written(stderr)]);
  }

  #lost(stream: NodeJS.WritableStream): void {
    if (stream === this.#terminal.stdout) this.#gone = true;
  }
}

/** A slow reader of a pipe gets what is left only while the program waits for it. */
function written(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
