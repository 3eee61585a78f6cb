import type { Diagnostic } from '../errors/diagnostic.ts';
import type { RunEvent } from './contract.ts';
import type { Palette } from './palette.ts';
import { Progress } from './progress.ts';
import { recapLines } from './recap.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import { TaskBoard, type TaskRecord } from './task-board.ts';
import { taskLines } from './task-text.ts';
import { type Warning, warningLines } from './warning-text.ts';
import { count, everyHost } from './words.ts';

/** A running commentary of lines: what a log keeps and what a terminal shows above its moving part. */
export interface Renderer {
  handle(event: RunEvent & { time: string }): void;
}

export interface LinesOptions {
  readonly write: (line: string) => void;
  readonly palette: Palette;
  readonly showDiff: boolean;
  /** How many `-v` were given. */
  readonly verbosity: number;
  /** Of a terminal that lines should fit in. */
  readonly columns?: () => number | undefined;
  readonly formatDiagnostic: (diagnostic: Diagnostic) => string;
  /** Told what is at work now; the plain renderer says waits in lines of their own instead. */
  readonly live?: LiveView | undefined;
}

export interface LiveView {
  taskStarted(record: TaskRecord): void;
  changed(record: TaskRecord | undefined): void;
  waiting(host: string, message: string): void;
  /** The moving part is to go, because lines are to be written. */
  pause(): void;
}

/** Exit status of a run that a signal ended. */
const interrupted = 130;

/** One line per task with the counts of its hosts; changed and failed ones expanded, the same things said once. */
export class LinesRenderer implements Renderer {
  readonly #options: LinesOptions;
  readonly #board = new TaskBoard();
  readonly #progress = new Progress();
  /** Warnings of the task at work: they come after its line, alike ones once. */
  readonly #warnings: Warning[] = [];
  #current: TaskRecord | undefined;
  #check = false;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  handle(event: RunEvent & { time: string }): void {
    const now = Date.parse(event.time);
    switch (event.event) {
      case 'task_start':
        this.#flush();
        this.#current = this.#board.start(event, now);
        this.#progress.started(now);
        this.#options.live?.taskStarted(this.#current);
        return;
      case 'result': {
        const finished = this.#board.accept(event, now);
        this.#options.live?.changed(this.#current);
        if (finished !== undefined) this.#task(finished);
        return;
      }
      case 'warning':
        this.#warn(event);
        return;
      case 'wait':
        this.#wait(event);
        this.tick(now);
        return;
      default:
        if (event.event === 'run_end' && event.exit === interrupted) this.#sayUnfinished();
        this.#flush();
        this.#say(this.#linesOf(event));
    }
  }

  #linesOf(event: Exclude<RunEvent, { event: 'task_start' | 'result' | 'wait' | 'warning' }>): string[] {
    const { palette } = this.#options;
    switch (event.event) {
      case 'run_start': {
        this.#check = event.check;
        const mode = event.check ? palette.change('   check mode: nothing is changed') : '';
        const from = sanitizeLine(`${event.playbooks.join(' ')} on ${event.inventory.join(' ')}`);
        return [`${palette.bold(`rcdeploy ${event.version}`)}  ${from}${mode}`];
      }
      case 'play_start': {
        const part = event.batch.length < event.hosts.length ? `${event.batch.length} of ` : '';
        const hosts = palette.dim(`${part}${count(event.hosts.length, 'host')}`);
        return ['', `${palette.bold(`PLAY ${sanitizeLine(event.play)}`)}  ${hosts}`];
      }
      case 'no_hosts_left':
        return [];
      case 'diagnostic':
        return sanitize(this.#options.formatDiagnostic(event.diagnostic)).split('\n');
      case 'run_end':
        return recapLines(event, palette, this.#check);
    }
  }

  #wait(event: Extract<RunEvent, { event: 'wait' }>): void {
    const { live, palette } = this.#options;
    const message = sanitizeLine(event.message);
    if (event.output) this.#say([`    ${sanitizeLine(event.host)} | ${message}`]);
    else if (live !== undefined) live.waiting(event.host, message);
    else if (this.#current !== undefined) this.#progress.heard(event.host, message);
    else this.#say([palette.dim(`    ${sanitizeLine(event.host)}: ${message}`)]);
  }

  /** Tells what a long task is at. Whoever owns the clock calls it: between events nobody else knows that time goes by. */
  tick(now: number): void {
    if (this.#options.live !== undefined || this.#current === undefined) return;
    for (const line of this.#progress.lines(this.#current, now)) this.#options.write(this.#options.palette.dim(line));
  }

  #task(record: TaskRecord): void {
    if (record === this.#current) this.#current = undefined;
    this.#say(taskLines(record, this.#options.palette, { ...this.#options, columns: this.#options.columns?.() }));
    this.#sayWarnings(record.hosts);
  }

  /** An interrupt leaves the task at work without a verdict: which, and where, is all that there is to say of it. */
  #sayUnfinished(): void {
    if (this.#current === undefined) return;
    const { name, hosts, outcomes } = this.#current;
    const left = hosts.filter((host) => !outcomes.has(host));
    const line = `stopped  ${sanitizeLine(name)}: not finished on ${sanitizeLine(everyHost(left, hosts))}`;
    if (left.length > 0) this.#say([this.#options.palette.change(line)]);
  }

  #warn(event: Warning): void {
    this.#warnings.push(event);
    if (this.#current === undefined) this.#sayWarnings();
  }

  #sayWarnings(order: readonly string[] = []): void {
    const warnings = this.#warnings.splice(0);
    if (warnings.length > 0) this.#say(warningLines(warnings, order, this.#options.palette));
  }

  #flush(): void {
    for (const record of this.#board.flush()) this.#task(record);
    this.#current = undefined;
    this.#sayWarnings();
  }

  #say(lines: readonly string[]): void {
    this.#options.live?.pause();
    for (const line of lines) this.#options.write(line);
  }
}
