import { formatSpan } from '../errors/diagnostic.ts';
import { Unknown, UnsafeText } from '../template/values.ts';
import type { RunEvent } from './contract.ts';
import type { Renderer } from './plain.ts';
import { terminalSafeJson } from './sanitize.ts';

/** One JSON object per event and line; the last one is `run_end`. */
export class JsonRenderer implements Renderer {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  handle(event: RunEvent & { time: string }): void {
    this.#write(terminalSafeJson(eventLine(event)));
  }
}

function eventLine(event: RunEvent & { time: string }): string {
  if (event.event !== 'diagnostic') return JSON.stringify(event, plainValue);
  const { severity, code, message, span, hint } = event.diagnostic;
  const path = span === undefined ? undefined : formatSpan(span);
  return JSON.stringify({ event: 'diagnostic', time: event.time, severity, code, message, path, hint });
}

function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Unknown) return { unknown: value.why };
  return value instanceof UnsafeText ? value.text : value;
}
