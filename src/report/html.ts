import type { Diagnostic } from '../errors/diagnostic.ts';
import { clusterLines } from './cluster-text.ts';
import type { RunEvent } from './contract.ts';
import { type ReportedPlay, type ReportedTask, runPage } from './html-run.ts';
import type { Renderer } from './plain.ts';
import { TaskBoard } from './task-board.ts';
import { diagnosticText, type Warning } from './warning-text.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

/** `--report`: a run as one page that needs nothing else: plays, tasks, hosts, times, changes and the cluster. */
export class HtmlRenderer implements Renderer {
  readonly #write: (text: string) => void;
  readonly #showDiff: boolean;
  readonly #board = new TaskBoard();
  readonly #plays: { readonly start: ReportedPlay['start']; readonly tasks: ReportedTask[] }[] = [];
  readonly #tasks = new Map<string, ReportedTask>();
  readonly #warnings: Warning[] = [];
  readonly #mistakes: string[] = [];
  #start: (EventOf<'run_start'> & { time: string }) | undefined;
  #cluster: readonly string[] = [];

  constructor(write: (text: string) => void, { showDiff }: { readonly showDiff: boolean }) {
    this.#write = write;
    this.#showDiff = showDiff;
  }

  handle(event: RunEvent & { time: string }): void {
    if (event.event === 'run_start') this.#start = event;
    if (event.event === 'play_start') this.#plays.push({ start: event, tasks: [] });
    if (event.event === 'task_start') this.#begin(event, Date.parse(event.time));
    if (event.event === 'result') this.#note(event, Date.parse(event.time));
    if (event.event === 'warning') this.#warnings.push(event);
    if (event.event === 'diagnostic') this.#found(event.diagnostic);
    if (event.event === 'run_end') this.#end(event);
  }

  #begin(event: EventOf<'task_start'>, now: number): void {
    const task = { record: this.#board.start(event, now), endedAt: now };
    this.#tasks.set(event.id, task);
    this.#plays.at(-1)?.tasks.push(task);
  }

  #note(event: EventOf<'result'>, now: number): void {
    this.#board.accept(event, now);
    const task = this.#tasks.get(event.id);
    if (task !== undefined) task.endedAt = Math.max(task.endedAt, now);
    const lines = clusterLines([event]);
    if (lines.length > 0) this.#cluster = lines;
  }

  #found(diagnostic: Diagnostic): void {
    const message = diagnosticText(diagnostic);
    if (diagnostic.severity === 'error') this.#mistakes.push(message);
    else this.#warnings.push({ event: 'warning', message });
  }

  #end(end: EventOf<'run_end'>): void {
    const [plays, warnings, mistakes, cluster] = [this.#plays, this.#warnings, this.#mistakes, this.#cluster];
    this.#write(runPage({ start: this.#start, plays, warnings, mistakes, cluster, end }, this.#showDiff));
  }
}
