import type { RespValue } from '../node/contract.ts';
import type { AtomicWay } from '../versions/atomic-migration.ts';
import { parseTasks } from './migration-tasks.ts';
import type { SlotMove } from './moves.ts';
import type { SlotJob } from './slot-jobs.ts';
import { parseJobs } from './slot-migrations.ts';

/** What is said to servers that hand slots over by themselves, and how they answer. */
interface JobLanguage {
  /** Who is told to do it. */
  leader(move: SlotMove): string;
  start(move: SlotMove, takerId: string): readonly string[];
  /** Which jobs there are; the replies are for `parse`. */
  readonly questions: readonly (readonly string[])[];
  parse(replies: readonly RespValue[]): SlotJob[];
  readonly cancel: readonly string[];
  /** Whom to cancel it at, one after the other. */
  cancelsAt(move: Pick<SlotMove, 'from' | 'to'>): readonly string[];
  /** A server takes part in one job at a time, and refuses others. */
  readonly oneAtATime: boolean;
}

export const LANGUAGES: Readonly<Record<AtomicWay, JobLanguage>> = {
  MIGRATESLOTS: {
    leader: ({ from }) => from,
    start: (move, takerId) => ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...boundsOf(move), 'NODE', takerId],
    questions: [['CLUSTER', 'GETSLOTMIGRATIONS']],
    parse: ([jobs]) => parseJobs(jobs),
    cancel: ['CLUSTER', 'CANCELSLOTMIGRATIONS'],
    cancelsAt: ({ from }) => [from],
    oneAtATime: false,
  },
  IMPORT: {
    leader: ({ to }) => to,
    start: (move) => ['CLUSTER', 'MIGRATION', 'IMPORT', ...boundsOf(move)],
    questions: [
      ['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'],
      ['CLUSTER', 'INFO'],
      ['INFO', 'stats'],
    ],
    parse: ([tasks, cluster, stats]) => parseTasks(tasks, cluster, stats),
    cancel: ['CLUSTER', 'MIGRATION', 'CANCEL', 'ALL'],
    // The taker would begin anew, and the giver takes part in its task, which then fails, until it is told too.
    cancelsAt: ({ from, to }) => [to, from],
    oneAtATime: true,
  },
};

function boundsOf({ slots }: SlotMove): string[] {
  return slots.flatMap(([first, last]) => [String(first), String(last)]);
}
