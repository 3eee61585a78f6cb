import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** rcdeploy on a terminal of its own, and what somebody before it would see. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #screen: xterm.Terminal;
  #stream = '';

  /** The terminal is made by script(1) of util-linux; its exit status is the program's. */
  constructor(columns: number, rows: number, args: readonly string[]) {
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows}; exec ${words}`;
    const { CI: _ci, NO_COLOR: _colour, ...env } = process.env;
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stream += text;
      this.#screen.write(text);
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Resolves when the text has been written, wherever it has gone since. */
  async until(text: string): Promise<void> {
    while (!this.#stream.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without saying ${text}:\n${this.#stream}`);
      await Promise.race([once(this.#child.stdout ?? this.#child, 'data'), once(this.#child, 'close')]);
    }
  }

  /** The exit status, when the program has ended and all of its output is on the screen. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    return this.#child.exitCode;
  }

  /** Every line that the terminal has kept, wrapped ones as one. */
  lines(): string[] {
    const { active } = this.#screen.buffer;
    const lines: string[] = [];
    for (let index = 0; index < active.length; index++) {
      const line = active.getLine(index);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped) lines.push((lines.pop() ?? '') + text);
      else lines.push(text);
    }
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  get cursorIsVisible(): boolean {
    return this.#stream.lastIndexOf('\u001b[?25h') >= this.#stream.lastIndexOf('\u001b[?25l');
  }

  /** Whether anything was written that moves. */
  get hasMoved(): boolean {
    return this.#stream.includes('\u001b[?25l');
  }
}
