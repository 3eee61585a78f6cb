/** What one run did, in words that both tools share. */
export interface Recorded {
  readonly exit: number;
  readonly plays: readonly RecordedPlay[];
  readonly recap: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The text that ansible-playbook writes, or that `--output ansible` would. */
  readonly text: string;
  readonly stderr: string;
  /** Titles of `meta` tasks that the text tells of. */
  readonly metas: readonly string[];
}

export interface RecordedPlay {
  readonly play: string;
  readonly tasks: readonly RecordedTask[];
}

export interface RecordedTask {
  readonly task: string;
  readonly handler: boolean;
  readonly results: readonly RecordedResult[];
}

export interface RecordedResult {
  readonly host: string;
  readonly module: string;
  readonly status: string;
  readonly result: Readonly<Record<string, unknown>>;
}

interface Mutable {
  play: string;
  tasks: (RecordedTask & { id: string; results: RecordedResult[] })[];
}

/** Collects plays and tasks in their order, and results under their task. */
export class Recording {
  readonly plays: Mutable[] = [];
  readonly metas: string[] = [];
  recap: Recorded['recap'] = {};

  play(play: string): void {
    this.plays.push({ play, tasks: [] });
  }

  task(id: string, task: string, handler: boolean): void {
    this.plays.at(-1)?.tasks.push({ id, task, handler, results: [] });
  }

  result(id: string, result: RecordedResult): void {
    const task = this.plays.flatMap(({ tasks }) => tasks).findLast((one) => one.id === id);
    if (!task) throw new Error(`a result of a task that did not begin: ${JSON.stringify(result)}`);
    task.results.push(result);
  }
}

export function jsonLines(text: string): Record<string, never>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, never>);
}
