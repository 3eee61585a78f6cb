import type { Change, Result } from '../modules/contract.ts';
import type { RunEvent, Status } from './contract.ts';

/** What one host, or one item of its loop, came to. */
export interface Outcome {
  readonly host: string;
  readonly item: string | undefined;
  readonly status: Status;
  readonly result: Result;
  readonly diff: readonly Change[];
  /** The task itself asks for its diff to be shown. */
  readonly diffWanted: boolean;
  readonly hint: string | undefined;
  readonly path: string;
  readonly delegatedTo: string | undefined;
}

/** A task while it runs, and when it has. */
export interface TaskRecord {
  readonly id: string;
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly hosts: readonly string[];
  readonly handler: boolean;
  /** The verdict of each host. */
  readonly outcomes: Map<string, Outcome>;
  readonly items: Outcome[];
  readonly startedAt: number;
  /** Milliseconds of the slowest host. */
  durationMs: number;
}

type ResultEvent = Extract<RunEvent, { event: 'result' }>;
type TaskStart = Extract<RunEvent, { event: 'task_start' }>;

/** Gathers results by task, so that a renderer can say once what many hosts have in common. */
export class TaskBoard {
  readonly #open = new Map<string, TaskRecord>();

  start(event: TaskStart, now: number): TaskRecord {
    const record = emptyRecord(event.id, event.task, event, event.hosts, event.handler, now);
    this.#open.set(event.id, record);
    return record;
  }

  /** Takes a result in. The record is handed out when its last host has reported. */
  accept(event: ResultEvent, now: number): TaskRecord | undefined {
    const record = this.#open.get(event.id) ?? emptyRecord(event.id, event.task, event, [event.host], false, now);
    this.#open.set(event.id, record);
    record.durationMs = Math.max(record.durationMs, event.duration_ms);
    if (event.item !== undefined) {
      record.items.push(outcomeOf(event));
      return undefined;
    }
    record.outcomes.set(event.host, outcomeOf(event));
    if (record.hosts.some((host) => !record.outcomes.has(host))) return undefined;
    this.#open.delete(event.id);
    return record;
  }

  /** What has not been handed out: some hosts had nothing to report, or the run ended early. */
  flush(): TaskRecord[] {
    const records = [...this.#open.values()].filter(({ outcomes, items }) => outcomes.size + items.length > 0);
    this.#open.clear();
    return records;
  }
}

function emptyRecord(
  id: string,
  name: string,
  { module, path }: { module: string; path: string },
  hosts: readonly string[],
  handler: boolean,
  startedAt: number,
): TaskRecord {
  return { id, name, module, path, hosts, handler, outcomes: new Map(), items: [], startedAt, durationMs: 0 };
}

function outcomeOf(event: ResultEvent): Outcome {
  const { host, item, status, result, diff = [], hint, path, delegatedTo } = event;
  return { host, item, status, result, diff, diffWanted: event.diff_wanted === true, hint, path, delegatedTo };
}
