import type { Diagnostic } from '../errors/diagnostic.ts';
import { AdHocRenderer } from './ad-hoc.ts';
import { AnsibleRenderer } from './ansible.ts';
import type { Reporter } from './contract.ts';
import { JsonRenderer } from './json.ts';
import type { Mask } from './mask.ts';
import type { Output } from './output.ts';
import { createPalette } from './palette.ts';
import { LinesRenderer, type Renderer } from './plain.ts';

export type OutputKind = 'tty' | 'plain' | 'json' | 'ansible' | 'ad-hoc';
export const outputKinds: readonly OutputKind[] = ['tty', 'plain', 'json', 'ansible'];

/** How often a log is looked at for being silent too long. */
const tickMs = 1000;

export interface ReporterOptions {
  readonly output: Output;
  readonly mask: Mask;
  readonly colour: boolean;
  readonly showDiff: boolean;
  /** How many `-v` were given. */
  readonly verbosity: number;
  readonly formatDiagnostic: (diagnostic: Diagnostic) => string;
  /** What else is told of the same events: files. */
  readonly beside?: readonly Renderer[];
}

/** What suits a terminal: `tty` needs one with columns that nobody records. */
export function suitableKind(
  stdout: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): OutputKind {
  const moving = stdout.isTTY === true && (stdout.columns ?? 0) > 0 && !env.CI && env.TERM !== 'dumb';
  return moving ? 'tty' : 'plain';
}

/** A reporter of the kind. Every event is masked as it comes in, before anything of it is laid out, cut or grouped. */
export async function createReporter(kind: OutputKind, options: ReporterOptions): Promise<Reporter> {
  const { output, mask } = options;
  const { renderer, end, live } = await createRenderer(kind, options);
  return {
    emit: (event) => {
      const masked = maskEvent(event, mask);
      for (const one of [renderer, ...(options.beside ?? [])]) one.handle(masked);
    },
    notice: (message) => (live === undefined ? output.errorLine(message) : live.notice(message)),
    leave: () => live?.leave(),
    finish: async () => {
      await end?.();
      await output.flush();
    },
  };
}

/** What the program itself says (`event`, `status`…) stays: a secret that happens to be the word `failed` must not break a report. */
const ownWords = new Set(['event', 'time', 'status', 'id', 'module']);

function maskEvent<E extends object>(event: E, mask: Mask): E {
  if (mask.hidesNothing) return event;
  const entries = Object.entries(event).map(([key, value]) => [key, ownWords.has(key) ? value : mask.value(value)]);
  return Object.fromEntries(entries) as E;
}

interface Made {
  readonly renderer: Renderer;
  readonly end?: () => Promise<void>;
  readonly live?: { notice(line: string): void; leave(): void };
}

async function createRenderer(
  kind: OutputKind,
  { output, colour, showDiff, verbosity, formatDiagnostic }: ReporterOptions,
): Promise<Made> {
  const out = (line: string) => output.line(line);
  if (kind === 'json') return { renderer: new JsonRenderer((line) => output.rawLine(line)) };
  if (kind === 'ad-hoc') return { renderer: new AdHocRenderer(out, (line) => output.errorLine(line)) };
  if (kind === 'ansible') {
    const err = (line: string) => output.errorLine(line);
    return { renderer: new AnsibleRenderer({ out, err, showDiff, verbosity, formatDiagnostic }) };
  }
  const lines = { write: out, palette: createPalette(colour), showDiff, verbosity, formatDiagnostic };
  if (kind === 'plain') {
    const renderer = new LinesRenderer(lines);
    const clock = setInterval(() => renderer.tick(Date.now()), tickMs).unref();
    return { renderer, end: async () => clearInterval(clock) };
  }
  const { TtyLive } = await import('./tty-live.ts');
  const live = new TtyLive(out);
  const write = (line: string) => live.write(line);
  return {
    renderer: new LinesRenderer({ ...lines, write, live, columns: () => output.columns }),
    live,
    end: () => live.finish(),
  };
}
