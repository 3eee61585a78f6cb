import { stripVTControlCharacters } from 'node:util';
import { DefaultRenderer, Listr, ListrLogger, type ListrTaskWrapper } from 'listr2';
import type { Status } from './contract.ts';
import { isBad } from './outcome-text.ts';
import type { LiveView } from './plain.ts';
import { sanitizeLine } from './sanitize.ts';
import type { TaskRecord } from './task-board.ts';

/** listr2 redraws everything at every event, which for hundreds of hosts costs minutes of CPU: a frame per 120 ms is enough. */
const frameMs = 120;
/** A task that is done sooner shows nothing moving. */
const patienceMs = 150;
/** More hosts than this share one line with counts. */
const mostHostLines = 20;

/** What draws on the terminal now: it has hidden the cursor and holds back what others write. */
let drawing: CalmRenderer | undefined;

class CalmRenderer extends DefaultRenderer {
  #lastFrame = 0;
  #drawn: readonly string[] = [];
  #columns = 0;
  readonly #process: ListrLogger['process'];

  constructor(...[tasks, options, events]: ConstructorParameters<typeof DefaultRenderer>) {
    const logger = options.logger ?? new ListrLogger({ useIcons: true, toStderr: [] });
    super(tasks, { ...options, logger }, events);
    this.#process = logger.process;
  }

  override create(...options: Parameters<DefaultRenderer['create']>): string {
    this.#eraseOverhang();
    const frame = super.create(...options);
    this.#drawn = frame.split('\n');
    return frame;
  }

  /** A terminal that was made narrower has wrapped the frame into more lines than listr2 is going to erase. */
  #eraseOverhang(): void {
    const { columns = 0 } = this.#process.stdout;
    if (columns > 0 && columns < this.#columns) {
      const extra = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(line) / columns)) - 1, 0);
      this.#process.toStdout('\u001b[2K\u001b[1A'.repeat(extra), false);
    }
    this.#columns = columns;
  }

  override async render(): Promise<void> {
    drawing = this;
    await super.render();
  }

  override end(): void {
    if (drawing === this) drawing = undefined;
    super.end();
  }

  override update(): void {
    const now = performance.now();
    if (now - this.#lastFrame < frameMs) return;
    this.#lastFrame = now;
    super.update();
  }
}

/** Columns of a line of a frame, without what colours it. */
function width(line: string): number {
  return stripVTControlCharacters(line).length;
}

type Wrapper = ListrTaskWrapper<unknown, typeof CalmRenderer, typeof CalmRenderer>;

interface HostLine {
  readonly wrapper: Wrapper;
  done(status: Status): void;
}

/** The moving part of a terminal: the task at work and what its hosts do. What is finished is written above it as lines. */
export class TtyLive implements LiveView {
  #record: TaskRecord | undefined;
  #timer: NodeJS.Timeout | undefined;
  #root: Wrapper | undefined;
  #endRoot: (() => void) | undefined;
  readonly #lines = new Map<string, HostLine>();
  readonly #waits = new Map<string, string>();
  /** Ends when the moving part is gone. */
  #shown: Promise<unknown> = Promise.resolve();
  #moving = false;
  /** Lines that wait for the moving part to be gone: listr2 would hold them back too, and trim them. */
  readonly #held: string[] = [];
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** A line that stays, above whatever moves. */
  write(line: string): void {
    if (this.#moving) this.#held.push(line);
    else this.#write(line);
  }

  taskStarted(record: TaskRecord): void {
    this.pause();
    this.#record = record;
    this.#waits.clear();
    this.#timer = setTimeout(() => this.#show(record), patienceMs);
    this.#timer.unref();
  }

  changed(record: TaskRecord | undefined): void {
    if (record === undefined || record !== this.#record) return;
    if (this.#root !== undefined) this.#root.title = titleOf(record);
    for (const [host, { status }] of record.outcomes) this.#lines.get(host)?.done(status);
  }

  waiting(host: string, message: string): void {
    this.#waits.set(host, message);
    const line = this.#lines.get(host);
    if (line !== undefined) line.wrapper.title = hostTitle(host, message);
    else if (this.#root !== undefined) this.#root.output = hostTitle(host, message);
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#record = undefined;
    for (const line of this.#lines.values()) line.done('ok');
    this.#lines.clear();
    this.#endRoot?.();
    this.#endRoot = undefined;
    this.#root = undefined;
  }

  /** A line that must not wait for the end of the task: what moves stands below it. */
  notice(line: string): void {
    const record = this.#record;
    this.pause();
    this.write(line);
    if (record === undefined) return;
    this.#record = record;
    this.#show(record);
  }

  /** The program leaves at once: the moving part goes and the cursor comes back, now. */
  leave(): void {
    drawing?.end();
    for (const line of this.#held.splice(0)) this.#write(line);
  }

  async finish(): Promise<void> {
    this.pause();
    await this.#shown;
  }

  #show(record: TaskRecord): void {
    this.#shown = this.#shown.then(() => (record === this.#record ? this.#run(record) : undefined));
  }

  async #run(record: TaskRecord): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#endRoot = resolve;
    });
    const task = (_context: unknown, wrapper: Wrapper) => {
      this.#root = wrapper;
      return record.hosts.length > mostHostLines ? ended : this.#hostTree(record, wrapper);
    };
    const listr = new Listr([{ title: titleOf(record), task }], {
      renderer: CalmRenderer,
      rendererOptions: { clearOutput: true, collapseSubtasks: false, formatOutput: 'truncate' },
      exitOnError: false,
      registerSignalListeners: false,
    });
    this.#moving = true;
    await listr.run();
    this.#moving = false;
    for (const line of this.#held.splice(0)) this.#write(line);
  }

  #hostTree(record: TaskRecord, root: Wrapper) {
    const lines = record.hosts.map((host) => ({
      title: hostTitle(host, this.#waits.get(host)),
      task: (_context: unknown, wrapper: Wrapper) => this.#hostLine(record, host, wrapper),
    }));
    return root.newListr(lines, { concurrent: true, exitOnError: false });
  }

  #hostLine(record: TaskRecord, host: string, wrapper: Wrapper): Promise<void> | undefined {
    const known = record.outcomes.get(host);
    if (known !== undefined || record !== this.#record) return undefined;
    return new Promise((resolve, reject) => {
      const done = (status: Status) =>
        isBad(status) ? reject(new Error(`${sanitizeLine(host)}  ${status}`)) : resolve();
      this.#lines.set(host, { wrapper, done });
    });
  }
}

function titleOf({ name, hosts, outcomes }: TaskRecord): string {
  return `${sanitizeLine(name)}  ${outcomes.size}/${hosts.length}`;
}

function hostTitle(host: string, message: string | undefined): string {
  return sanitizeLine(message === undefined ? host : `${host}  ${message}`);
}
