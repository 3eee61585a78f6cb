import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Finished, failures, rcdeploy, start } from '../main-job/rcdeploy.ts';

/** How often each operation is killed. CI is content with few; `npm run test:kills` is not. */
const KILLS = countOf(process.env.KILLS ?? '3');
/** Random moments are the same again with the printed seed. */
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
/** Kill only this moment again. */
const ONLY = process.env.KILL_MOMENT;

/** One command on a lab, and how to tell that it did its work. */
export interface Operation {
  /** Brings the hosts to where the command starts from, whatever an earlier moment left; gives rcdeploy's arguments. */
  prepare(): Promise<readonly string[]>;
  /** What a resumed command must agree on with an undisturbed one. It may expect more, since it is called after both. */
  outcome(resumed: Finished): unknown;
  /** Evenly over the duration of an undisturbed run, or at random. */
  readonly moments: 'even' | 'random';
}

/**
 * Tests that a command may be killed at any moment (P1): it runs undisturbed once, which tells how long it takes and what comes of
 * it; then again and again, killed with SIGKILL at a moment of that time and run a second time, which must end alike. Several commands
 * make a ring: each begins where the one before it has ended, and the first where the last one has.
 */
export function survivesKills(...ring: readonly Operation[]): void {
  const undisturbed: Undisturbed[] = [];
  let hits = 0;

  beforeAll(async () => {
    for (const operation of ring) {
      const args = await operation.prepare();
      const started = performance.now();
      const run = await rcdeploy(...args);
      const ms = performance.now() - started;
      expect(run.exit, failures(run)).toBe(0);
      undisturbed.push({ ms, outcome: await operation.outcome(run) });
    }
  }, 600_000);

  afterAll(() => {
    const seed = ring.some(({ moments }) => moments === 'random') ? `, KILL_SEED=${SEED}` : '';
    const took = undisturbed.map(({ ms }) => seconds(ms)).join(' and ');
    process.stdout.write(`  undisturbed ${took}; ${hits} of ${KILLS * ring.length} kills met a run at work${seed}\n`);
  });

  const shares = ring.map(({ moments }, index) => momentsOf(moments, SEED + index));
  const moments = Array.from({ length: KILLS }, (_, index) => ({
    index: index + 1,
    shares: shares.map((own) => own[index] ?? 0),
  }));
  const chosen = ONLY === undefined ? moments : moments.filter(({ index }) => index === Number(ONLY));
  it.each(chosen)(
    `killed at moment $index of ${KILLS} (share $shares of its time)`,
    async ({ shares: own }) => {
      for (const [index, operation] of ring.entries()) {
        const expected = undisturbed[index];
        if (expected === undefined) throw new Error('it never ran undisturbed');
        const { args, ...killed } = await killAtShare(operation, own[index] ?? 0, expected);
        if (killed.hit) hits += 1;
        const again = await rcdeploy(...args);
        const where = `killed ${killed.hit ? `after ${killed.at}` : 'too late'}`;
        expect(again.exit, `${where}: ${failures(again)}`).toBe(0);
        expect(await operation.outcome(again), where).toEqual(expected.outcome);
      }
    },
    600_000,
  );
}

interface Undisturbed {
  /** How long the command takes; lowered when it turns out to take less. */
  ms: number;
  readonly outcome: unknown;
}

interface Killed {
  readonly hit: boolean;
  readonly at: string;
}

/** Kills the command at a share of its time. One that took longer at first, since it compiled a server, has ended by then: once more. */
async function killAtShare(
  operation: Operation,
  share: number,
  undisturbed: Undisturbed,
): Promise<Killed & { readonly args: readonly string[] }> {
  const first = await operation.prepare();
  const started = performance.now();
  const killed = await killAfter(undisturbed.ms * share, first);
  if (killed.hit) return { ...killed, args: first };
  undisturbed.ms = Math.min(undisturbed.ms, performance.now() - started);
  const args = await operation.prepare();
  return { ...(await killAfter(undisturbed.ms * share, args)), args };
}

/** Starts the command and kills it without a word; only its own process, as the kernel's out-of-memory killer would. */
async function killAfter(ms: number, args: readonly string[]): Promise<Killed> {
  const run = start(args);
  await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), run.finished]);
  const hit = run.child.kill('SIGKILL');
  const { events } = await run.finished;
  const task = events.findLast((event) => event.event === 'task_start');
  return { hit, at: `${seconds(ms)}, in task "${task?.event === 'task_start' ? task.task : 'none yet'}"` };
}

function momentsOf(kind: Operation['moments'], seed: number): number[] {
  const random = randomFrom(seed);
  return Array.from({ length: KILLS }, (_, index) =>
    Number((kind === 'even' ? (index + 0.5) / KILLS : random()).toFixed(4)),
  );
}

/** Mulberry32: small, and good enough to spread moments. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`KILLS=${text}: how many kills, at least 1`);
  return count;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
