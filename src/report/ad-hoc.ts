import type { RunEvent } from './contract.ts';
import type { Renderer } from './plain.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';

type ResultEvent = Extract<RunEvent, { event: 'result' }>;

/** What one command said on each host, as `ansible` shows it: `h1 | CHANGED | rc=0 >>` and the output. */
export class AdHocRenderer implements Renderer {
  readonly #out: (line: string) => void;
  readonly #err: (line: string) => void;

  constructor(out: (line: string) => void, err: (line: string) => void) {
    this.#out = out;
    this.#err = err;
  }

  handle(event: RunEvent & { time: string }): void {
    if (event.event === 'result') for (const line of resultLines(event)) this.#out(line);
    if (event.event === 'warning') this.#err(sanitizeLine(`${event.host ? `${event.host}: ` : ''}${event.message}`));
    if (event.event === 'run_end' && event.message) this.#err(sanitizeLine(event.message));
  }
}

const words: Readonly<Record<string, string>> = {
  ok: 'SUCCESS',
  changed: 'CHANGED',
  failed: 'FAILED',
  unreachable: 'UNREACHABLE!',
  skipped: 'SKIPPED',
};

function resultLines({ host, status, result }: ResultEvent): string[] {
  const word = words[status] ?? status.toUpperCase();
  if (result.rc === undefined) return [`${sanitizeLine(`${host} | ${word} => ${String(result.msg ?? '')}`)}`];
  const texts = [result.stdout, result.stderr].filter((text) => text !== undefined && text !== '');
  const lines = texts.flatMap((text) => sanitize(String(text)).replace(/\n$/, '').split('\n'));
  return [`${sanitizeLine(`${host} | ${word} | rc=${result.rc} >>`)}`, ...lines];
}
