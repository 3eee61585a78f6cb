import type { LineCounter } from 'yaml';
import type { Span } from '../errors/diagnostic.ts';

/** Offsets of one file as spans. */
export class Spans {
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  at(start: number, end: number): Span {
    const from = this.#lines.linePos(start);
    const to = this.#lines.linePos(Math.max(start, end));
    return { file: this.#file, line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
  }
}
