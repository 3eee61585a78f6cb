import { groupAlike } from './alike.ts';
import { sanitizeLine } from './sanitize.ts';
import type { TaskRecord } from './task-board.ts';
import { duration, everyHost } from './words.ts';

/** A log without a new line for so long makes people wonder. */
const patienceMs = 5_000;
/** After the first, one in so many milliseconds is enough for a log. */
const everyMs = 15_000;

/** Signs of life of a task for a log: what its hosts are at, when nothing else has been said for a while. */
export class Progress {
  #dueAt = 0;
  readonly #messages = new Map<string, string>();

  started(now: number): void {
    this.#messages.clear();
    this.#dueAt = now + patienceMs;
  }

  heard(host: string, message: string): void {
    this.#messages.set(host, message);
  }

  /** The lines that are due now; none most of the time. */
  lines(record: TaskRecord, now: number): string[] {
    if (now < this.#dueAt) return [];
    this.#dueAt = now + everyMs;
    const atWork = record.hosts.filter((host) => !record.outcomes.has(host));
    if (atWork.length === 0) return [];
    const time = duration(Math.max(0, now - record.startedAt)).padStart(8);
    const done = record.outcomes.size === 0 ? '' : `  (${record.outcomes.size} of ${record.hosts.length} hosts done)`;
    const told = atWork.flatMap((host) => {
      const text = this.#messages.get(host);
      return text === undefined ? [] : [{ subject: { host }, kind: '', lines: [text] }];
    });
    if (told.length === 0) return [`    ${time}  still at work on ${everyHost(atWork, record.hosts)}${done}`];
    return groupAlike(told).map(({ members, lines: [text = ''] }, index) => {
      const hosts = members.map(({ host }) => host);
      const [only] = hosts;
      const named = hosts.length === 1 && only !== undefined && text.includes(only);
      const who = named ? '' : `${everyHost(hosts, record.hosts)}: `;
      return sanitizeLine(
        `    ${index === 0 ? time : ' '.repeat(time.length)}  ${who}${text}${index === 0 ? done : ''}`,
      );
    });
  }
}
