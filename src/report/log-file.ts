import type { RunEvent } from './contract.ts';
import { createPalette } from './palette.ts';
import { type LinesOptions, LinesRenderer, type Renderer } from './plain.ts';

/** `--log`: the lines of the plain form, each with its time, whatever the screen shows. */
export class LogRenderer implements Renderer {
  readonly #lines: LinesRenderer;
  #time = '';

  constructor(
    write: (line: string) => void,
    options: Pick<LinesOptions, 'showDiff' | 'verbosity' | 'formatDiagnostic'>,
  ) {
    this.#lines = new LinesRenderer({
      ...options,
      palette: createPalette(false),
      write: (text) => {
        for (const line of text.split('\n')) write(`${this.#time} ${line}`.trimEnd());
      },
    });
  }

  handle(event: RunEvent & { time: string }): void {
    this.#time = event.time;
    this.#lines.handle(event);
  }
}
