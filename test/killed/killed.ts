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
 * it; then again and again, killed with SIGKILL at a moment of that time and run a second time, which must end alike.
 */
export function survivesKills(operation: Operation): void {
  let undisturbedMs: number;
  let expected: unknown;
  let hits = 0;

  beforeAll(async () => {
    const args = await operation.prepare();
    const started = performance.now();
    const run = await rcdeploy(...args);
    undisturbedMs = performance.now() - started;
    expect(run.exit, failures(run)).toBe(0);
    expected = await operation.outcome(run);
  }, 600_000);

  afterAll(() => {
    const seed = operation.moments === 'random' ? `, KILL_SEED=${SEED}` : '';
    process.stdout.write(
      `  undisturbed ${seconds(undisturbedMs)}; ${hits} of ${KILLS} kills met a run at work${seed}\n`,
    );
  });

  const moments = momentsOf(operation.moments).map((share, index) => ({ share, index: index + 1 }));
  const chosen = ONLY === undefined ? moments : moments.filter(({ index }) => index === Number(ONLY));
  it.each(chosen)(
    `killed at moment $index of ${KILLS} (share $share of its time)`,
    async ({ share }) => {
      const args = await operation.prepare();
      const killed = await killAfter(undisturbedMs * share, args);
      if (killed.hit) hits += 1;
      const again = await rcdeploy(...args);
      const where = `killed ${killed.hit ? `after ${killed.at}` : 'too late'}`;
      expect(again.exit, `${where}: ${failures(again)}`).toBe(0);
      expect(await operation.outcome(again), where).toEqual(expected);
    },
    600_000,
  );
}

/** Starts the command and kills it without a word; only its own process, as the kernel's out-of-memory killer would. */
async function killAfter(ms: number, args: readonly string[]): Promise<{ hit: boolean; at: string }> {
  const run = start(args);
  await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), run.finished]);
  const hit = run.child.kill('SIGKILL');
  const { events } = await run.finished;
  const task = events.findLast((event) => event.event === 'task_start');
  return { hit, at: `${seconds(ms)}, in task "${task?.event === 'task_start' ? task.task : 'none yet'}"` };
}

function momentsOf(kind: Operation['moments']): number[] {
  const random = randomFrom(SEED);
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
