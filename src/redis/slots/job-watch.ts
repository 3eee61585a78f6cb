import { isActive, type SlotJob } from './slot-jobs.ts';

/** While a giver gets to its snapshot and sends it, only that the taker is alive can be seen. */
const BEFORE_CHANGES = new Set([
  'connecting',
  'sending-auth-command',
  'reading-auth-response',
  'sending-establish-command',
  'reading-establish-response',
  'waiting-to-snapshot',
  'snapshotting',
  'waiting-for-ack',
  'receiving-snapshot',
  // Redis
  'none',
  'auth-reply',
  'send-handshake',
  'handshake-reply',
  'send-syncslots',
  'syncslots-reply',
  'init-rdbchannel',
  'accumulate-buffer',
]);

/**
 * Tells whether jobs get on. After its snapshot a giver sends what clients changed meanwhile; where they change more than it can
 * send, that never ends, so to be alive is not enough then: less has to be left to send, or the state has to change.
 */
export class JobWatch {
  readonly #stallMs: number;
  readonly #last = new Map<string, { state: string; pulse: number; least: number }>();
  #since: number;

  constructor(now: number, stallMs: number) {
    this.#since = now;
    this.#stallMs = stallMs;
  }

  /** True when none of them got on for as long as a wait may be without progress. */
  stalls(jobs: readonly SlotJob[], now: number): boolean {
    for (const job of jobs.filter(isActive)) if (this.#gotOn(job)) this.#since = now;
    return now - this.#since > this.#stallMs;
  }

  #gotOn(job: SlotJob): boolean {
    const key = `${job.isExport ? 'export' : 'import'} ${job.name}`;
    const last = this.#last.get(key);
    const isNew = last?.state !== job.state;
    const least = isNew ? job.remaining : Math.min(last.least, job.remaining);
    this.#last.set(key, { state: job.state, pulse: job.pulse, least });
    if (isNew) return true;
    return BEFORE_CHANGES.has(job.state) ? job.pulse > last.pulse : least < last.least;
  }
}
