import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Holder } from './lock.ts';

/** A task that changed hosts. */
export interface ChangedTask {
  readonly task: string;
  /** file:line:column */
  readonly path: string;
  readonly hosts: readonly string[];
}

export interface FailedTask {
  readonly host: string;
  readonly task: string;
  readonly path: string;
  readonly message: string;
}

/** What is kept of a run, masked: never an answer to what a host is like now. */
export interface RunRecord {
  /** Sorts by time. */
  readonly id: string;
  /** Who ran what, where and since when. */
  readonly holder: Holder;
  readonly version: string;
  readonly playbooks: readonly string[];
  readonly inventory: readonly string[];
  readonly limit?: string;
  readonly changed: readonly ChangedTask[];
  readonly failed: readonly FailedTask[];
  /** Absent while the run is at work, and for ever when it was killed. */
  readonly end?: RunRecordEnd;
}

export interface RunRecordEnd {
  readonly exit: number;
  readonly duration_ms: number;
  /** Numbers of results by host and status, as in the recap. */
  readonly stats: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly owed: readonly { readonly host: string; readonly handler: string }[];
  readonly not_finished: readonly string[];
  readonly message?: string;
}

const mostRuns = 500;

/** The runs of this user on this control machine, a file each. */
export class RunHistory {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A disk that is full or may not be written is no error: the run counts, not the note of it. */
  write(record: RunRecord): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const temporary = join(this.#directory, `.${randomBytes(6).toString('hex')}`);
      writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(temporary, join(this.#directory, `${record.id}.json`));
    } catch {
      // See above.
    }
  }

  /** Only the last runs are kept. */
  removeOld(): void {
    try {
      for (const old of this.#names().slice(0, -mostRuns)) unlinkSync(join(this.#directory, old));
    } catch {
      // Another run removes them, or nobody may.
    }
  }

  /** The last runs, the oldest first. What is no record is passed over. */
  last(most: number): RunRecord[] {
    return this.#names()
      .slice(-most)
      .flatMap((name) => this.#read(name));
  }

  /** The run of this id, or the only one whose id begins so. */
  find(id: string): RunRecord | undefined {
    const names = this.#names();
    const exact = names.filter((name) => name === `${id}.json`);
    const meant = exact.length > 0 ? exact : names.filter((name) => name.startsWith(id));
    return meant.length === 1 ? this.#read(meant[0] ?? '')[0] : undefined;
  }

  #names(): string[] {
    try {
      return readdirSync(this.#directory)
        .filter((name) => /^\d.*\.json$/.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  #read(name: string): RunRecord[] {
    try {
      const parsed: unknown = JSON.parse(readFileSync(join(this.#directory, name), 'utf8'));
      return isRecord(parsed) ? [parsed] : [];
    } catch {
      return [];
    }
  }
}

/** `20261126T100412-4711`: when it began, UTC, and the process that it was. */
export function runId({ since, controlPid }: Holder): string {
  return `${since.replace(/\..*/, '').replaceAll(/[-:]/g, '')}-${controlPid}`;
}

function isRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof RunRecord, unknown>>;
  const lists = [record.playbooks, record.inventory, record.changed, record.failed];
  return (
    typeof record.id === 'string' && typeof record.holder === 'object' && lists.every((list) => Array.isArray(list))
  );
}
