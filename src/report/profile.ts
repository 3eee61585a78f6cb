import type { RunEvent } from './contract.ts';
import type { Renderer } from './plain.ts';
import { sanitizeLine } from './sanitize.ts';

interface Timed {
  readonly title: string;
  readonly path: string;
  readonly began: number;
  ended: number;
  hosts: number;
}

const mostTasks = 20;

/** `--profile`: which tasks took how long, from their start to the last host's result, the slowest first. */
export class ProfileRenderer implements Renderer {
  readonly #tasks = new Map<string, Timed>();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  handle(event: RunEvent & { time: string }): void {
    const now = Date.parse(event.time);
    if (event.event === 'task_start') {
      const { id, task, path, hosts } = event;
      this.#tasks.set(id, { title: task, path, began: now, ended: now, hosts: hosts.length });
    } else if (event.event === 'result') {
      const task = this.#tasks.get(event.id);
      if (task) task.ended = now;
    } else if (event.event === 'run_end' && this.#tasks.size > 0) {
      for (const line of this.#lines(event.duration_ms)) this.#write(line);
    }
  }

  *#lines(wholeMs: number): Generator<string> {
    const slowest = [...this.#tasks.values()].sort((a, b) => b.ended - b.began - (a.ended - a.began));
    const inTasks = slowest.reduce((sum, { began, ended }) => sum + ended - began, 0);
    yield '';
    yield `${seconds(wholeMs)} in all, ${seconds(inTasks)} in ${this.#tasks.size} tasks; the slowest:`;
    for (const { title, path, began, ended, hosts } of slowest.slice(0, mostTasks)) {
      yield `${seconds(ended - began).padStart(10)}  ${sanitizeLine(title)}  (${hosts} host${hosts === 1 ? '' : 's'}, ${path})`;
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
