import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../report/contract.ts';
import type { Renderer } from '../../report/plain.ts';
import { thisHolder } from '../../state/control-process.ts';
import { type ChangedTask, type FailedTask, RunHistory, type RunRecord, runId } from '../../state/run-history.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

/** Of a failure's message; the rest is in the run's own output. */
const mostCharacters = 500;
/** A rolling change of a thousand hosts must not make a file of megabytes. */
const mostFailures = 200;

/** Where this user's runs are noted: state in the sense of the XDG directories, of use to nobody but people. */
export function runsDirectory(): string {
  const base = process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return join(base, 'rcdeploy', 'runs');
}

export function runHistory(): RunHistory {
  return new RunHistory(runsDirectory());
}

/** Notes a run for `rcdeploy history`: when it begins, so that a killed one is there too, and when it ends. */
export class RunRecorder implements Renderer {
  readonly #history: RunHistory;
  readonly #limit: string | undefined;
  readonly #changed = new Map<string, { task: string; path: string; hosts: Set<string> }>();
  readonly #failed: FailedTask[] = [];
  #record: RunRecord | undefined;
  #hasEnded = false;

  constructor(history: RunHistory, limit: string | undefined) {
    this.#history = history;
    this.#limit = limit;
  }

  handle(event: RunEvent): void {
    if (event.event === 'run_start') this.#begin(event);
    if (event.event === 'result' && event.item === undefined) this.#note(event);
    if (event.event === 'run_end') this.#end(event);
  }

  #begin({ playbooks, inventory, version }: EventOf<'run_start'>): void {
    const holder = thisHolder(process.pid, playbooks.join(' '));
    const record: RunRecord = {
      ...{ id: runId(holder), holder, version, playbooks, inventory },
      ...(this.#limit !== undefined && { limit: this.#limit }),
      ...{ changed: [], failed: [] },
    };
    this.#record = record;
    // Hosts, which take longest, are turned to first.
    setImmediate(() => {
      if (!this.#hasEnded) this.#history.write(record);
      this.#history.removeOld();
    });
  }

  #note({ id, host, task, path, status, result }: EventOf<'result'>): void {
    if (status === 'changed') {
      const known = this.#changed.get(id) ?? { task, path, hosts: new Set() };
      known.hosts.add(host);
      this.#changed.set(id, known);
    }
    if ((status === 'failed' || status === 'unreachable') && this.#failed.length < mostFailures) {
      this.#failed.push({ host, task, path, message: String(result.msg ?? '').slice(0, mostCharacters) });
    }
  }

  #end({ exit, duration_ms, stats, owed, not_finished = [], message }: EventOf<'run_end'>): void {
    if (this.#record === undefined) return;
    this.#hasEnded = true;
    const changed: ChangedTask[] = [...this.#changed.values()].map((one) => ({ ...one, hosts: [...one.hosts] }));
    const counted = Object.fromEntries(Object.entries(stats).map(([host, numbers]) => [host, { ...numbers }]));
    const end = { exit, duration_ms, stats: counted, owed, not_finished, ...(message !== undefined && { message }) };
    this.#history.write({ ...this.#record, changed, failed: this.#failed, end });
  }
}
