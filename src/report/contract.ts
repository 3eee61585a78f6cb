import type { Diagnostic } from '../errors/diagnostic.ts';
import type { Change, Result } from '../modules/contract.ts';

export type Status = 'ok' | 'changed' | 'skipped' | 'failed' | 'unreachable' | 'ignored' | 'rescued';

export interface Stats {
  ok: number;
  changed: number;
  unreachable: number;
  failed: number;
  skipped: number;
  rescued: number;
  ignored: number;
}

/** The task that an event is about. `path`: `file:line:column`. */
export interface AboutTask {
  readonly play: string;
  readonly task: string;
  readonly module: string;
  readonly path: string;
}

/** One fact of a run. The engine emits these and prints nothing; every renderer is a consumer. `time` is added on emission. */
export type RunEvent =
  | { event: 'run_start'; playbooks: string[]; inventory: string[]; check: boolean; version: string }
  | { event: 'play_start'; play: string; hosts: string[]; path: string; batch: string[] }
  | {
      event: 'task_start';
      play: string;
      task: string;
      module: string;
      path: string;
      hosts: string[];
      handler: boolean;
      id: string;
    }
  | {
      event: 'result';
      play: string;
      task: string;
      module: string;
      path: string;
      id: string;
      host: string;
      /** Present for one item of a loop; the result of the whole loop follows without it. */
      item?: string;
      delegatedTo?: string;
      /** `include_tasks` and `include_role`: the file or role, and all hosts that include it so. */
      included?: { what: string; hosts: string[] };
      status: Status;
      result: Result;
      diff?: Change[];
      /** The task's own `diff: true`: shown also where nobody asked for all. */
      diff_wanted?: true;
      /** Line of the recap that this result stands under does not change when an item reports. */
      duration_ms: number;
      hint?: string;
    }
  /** `output`: a line that a program of the task writes, shown as it comes; otherwise what the task is at. */
  | ({ event: 'wait'; host: string; task: string; message: string; output?: true } & Partial<AboutTask>)
  /** Failures of some hosts end the play on all others: `any_errors_fatal`, `run_once`, `max_fail_percentage`. */
  | { event: 'no_hosts_left'; play: string }
  | ({ event: 'warning'; message: string; host?: string; hint?: string } & Partial<AboutTask>)
  | { event: 'diagnostic'; diagnostic: Diagnostic }
  | {
      event: 'run_end';
      exit: number;
      stats: Record<string, Stats>;
      /** Handlers notified and not run, with the playbook that notified them. */
      owed: { host: string; handler: string; playbook: string }[];
      /** Hosts without a failure of their own whose plays did not come to their end, or never began. */
      not_finished?: string[];
      duration_ms: number;
      /** Why the run stopped early, and what it left. */
      message?: string;
    };

/** Where events go. */
export interface Reporter {
  emit(event: RunEvent & { time: string }): void;
  /** A word of the program itself to whoever sits before it; no part of the run's events. */
  notice(message: string): void;
  /** Sets the terminal right at once, for a program that is to be left without waiting. */
  leave(): void;
  /** Everything written out; called once, after run_end. */
  finish(): Promise<void>;
}
