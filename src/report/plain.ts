import type { Diagnostic } from '../errors/diagnostic.ts';
import type { RunEvent } from './contract.ts';
import type { Palette } from './palette.ts';
import { recapLines } from './recap.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import { TaskBoard, type TaskRecord } from './task-board.ts';
import { taskLines } from './task-text.ts';
import { count, hostList } from './words.ts';

/** A running commentary of lines: what a log keeps and what a terminal shows above its moving part. */
export interface Renderer {
  handle(event: RunEvent & { time: string }): void;
}

export interface LinesOptions {
  readonly write: (line: string) => void;
  readonly palette: Palette;
  readonly showDiff: boolean;
  readonly formatDiagnostic: (diagnostic: Diagnostic) => string;
  /** Told what is at work now; the plain renderer says waits in lines of their own instead. */
  readonly live?: LiveView | undefined;
}

type Warning = Extract<RunEvent, { event: 'warning' }>;

export interface LiveView {
  taskStarted(record: TaskRecord): void;
  changed(record: TaskRecord | undefined): void;
  waiting(host: string, message: string): void;
  /** The moving part is to go, because lines are to be written. */
  pause(): void;
}

/** A host's progress is told at most this often when it goes to a log. */
const waitEveryMs = 15_000;

/** One line per task with the counts of its hosts; changed and failed ones expanded, the same things said once. */
export class LinesRenderer implements Renderer {
  readonly #options: LinesOptions;
  readonly #board = new TaskBoard();
  readonly #lastWait = new Map<string, number>();
  /** Warnings of the task at work, alike ones once with their hosts: they come after its line. */
  readonly #warnings = new Map<string, { event: Warning; hosts: string[] }>();
  #current: TaskRecord | undefined;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  handle(event: RunEvent & { time: string }): void {
    const now = Date.parse(event.time);
    switch (event.event) {
      case 'task_start':
        this.#flush();
        this.#lastWait.clear();
        this.#current = this.#board.start(event, now);
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
        this.#wait(event, now);
        return;
      default:
        this.#flush();
        this.#say(this.#linesOf(event));
    }
  }

  #linesOf(event: Exclude<RunEvent, { event: 'task_start' | 'result' | 'wait' | 'warning' }>): string[] {
    const { palette } = this.#options;
    switch (event.event) {
      case 'run_start': {
        const mode = event.check ? palette.change('   check mode: nothing is changed') : '';
        const from = sanitizeLine(`${event.playbooks.join(' ')} on ${event.inventory.join(' ')}`);
        return [`${palette.bold(`rcdeploy ${event.version}`)}  ${from}${mode}`];
      }
      case 'play_start': {
        const part = event.batch.length < event.hosts.length ? `${event.batch.length} of ` : '';
        const hosts = palette.dim(`${part}${count(event.hosts.length, 'host')}`);
        return ['', `${palette.bold(`PLAY ${sanitizeLine(event.play)}`)}  ${hosts}`];
      }
      case 'diagnostic':
        return sanitize(this.#options.formatDiagnostic(event.diagnostic)).split('\n');
      case 'run_end':
        return recapLines(event, palette);
    }
  }

  #wait(event: Extract<RunEvent, { event: 'wait' }>, now: number): void {
    const { live, palette } = this.#options;
    const message = sanitizeLine(event.message);
    if (live !== undefined) {
      live.waiting(event.host, message);
      return;
    }
    const last = this.#lastWait.get(event.host);
    if (last !== undefined && now - last < waitEveryMs) return;
    this.#lastWait.set(event.host, now);
    this.#say([palette.dim(`    ${sanitizeLine(event.host)}: ${message}`)]);
  }

  #task(record: TaskRecord): void {
    if (record === this.#current) this.#current = undefined;
    this.#say(taskLines(record, this.#options.palette, this.#options.showDiff));
    this.#sayWarnings(record.hosts);
  }

  #warn(event: Warning): void {
    const key = JSON.stringify([event.message, event.path, event.hint]);
    const warning = this.#warnings.get(key) ?? { event, hosts: [] };
    if (event.host !== undefined) warning.hosts.push(event.host);
    this.#warnings.set(key, warning);
    if (this.#current === undefined) this.#sayWarnings();
  }

  /** Each with its hosts in the play's order, since they come in whatever order the hosts answer. */
  #sayWarnings(order: readonly string[] = []): void {
    const warnings = [...this.#warnings.values()];
    this.#warnings.clear();
    for (const { event, hosts } of warnings) {
      const sorted = hosts.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
      this.#say(warningLines(event, sorted, this.#options.palette));
    }
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

function warningLines({ message, path, hint }: Warning, hosts: readonly string[], palette: Palette): string[] {
  const where = [hostList(hosts), path ?? ''].filter((part) => part !== '').join(', ');
  const text = sanitize(`warning: ${message}${where === '' ? '' : ` (${where})`}`);
  return [palette.change(text), ...(hint === undefined ? [] : [sanitize(`    hint: ${hint}`)])];
}
