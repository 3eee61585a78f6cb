import type { Result } from '../modules/contract.ts';
import type { Stats, Status } from '../report/contract.ts';
import { type LazyMap, Unknown } from '../template/values.ts';

/** Ansible's shape for the result of a whole loop. */
export function loopResult(results: readonly Result[]): Result {
  if (results.length === 0)
    return { changed: false, skipped: true, skipped_reason: 'No items in the list', results: [] };
  const skipped = results.every((result) => result.skipped === true);
  const failed = results.some((result) => result.failed === true);
  const unreachable = results.some((result) => result.unreachable === true);
  return {
    results: [...results],
    changed: results.some((result) => result.changed === true),
    ...(failed && { failed }),
    skipped,
    ...(unreachable && { unreachable }),
    msg: skipped ? 'All items skipped' : failed ? 'One or more items failed' : 'All items completed',
  };
}

/** `stdout_lines` and `stderr_lines` beside texts that have none. */
export function withLines(result: Result): Result {
  for (const stream of ['stdout', 'stderr'] as const) {
    const text = result[stream];
    if (typeof text === 'string' && result[`${stream}_lines`] === undefined) {
      result[`${stream}_lines`] = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    }
  }
  return result;
}

/** A result as variables see it: without the words that modules have for reporters and the engine. */
export function withoutNotes(registered: unknown): unknown {
  if (typeof registered !== 'object' || registered === null) return registered;
  if (!('_verbosity' in registered || '_cacheable' in registered)) return registered;
  const { _verbosity, _cacheable, ...kept } = registered as Result;
  return kept;
}

export interface Leniency {
  readonly ignoreErrors: boolean;
  readonly ignoreUnreachable: boolean;
  /** The task stands in a block with `rescue`. */
  readonly rescuable: boolean;
}

export function statusOf(result: Result, leniency: Leniency): Status {
  if (result.unreachable) return leniency.ignoreUnreachable ? 'ignored' : 'unreachable';
  if (result.failed) return leniency.ignoreErrors ? 'ignored' : leniency.rescuable ? 'rescued' : 'failed';
  if (result.skipped) return 'skipped';
  return result.changed ? 'changed' : 'ok';
}

/** Count as Ansible's recap does: `ok` includes changed and ignored. */
export function count(stats: Stats, status: Status, changed: boolean): void {
  if (status === 'changed' || status === 'ok' || status === 'ignored') stats.ok++;
  if (status !== 'ok') stats[status]++;
  if (status === 'ignored' && changed) stats.changed++;
}

/** What check mode registers for a predicted change: known keys, and for all others a value that only the run can know. */
export function predictedResult(known: Result, task: string): LazyMap {
  const unknown = new Unknown(`the result of task '${task}'`);
  return {
    lazyMap: true,
    get: (key) => (Object.hasOwn(known, key) ? known[key] : key === 'failed' || key === 'skipped' ? false : unknown),
    has: () => true,
    keys: () => Object.keys(known),
  };
}
