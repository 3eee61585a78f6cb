import { TaskError } from '../../errors/errors.ts';
import type { Step } from '../cluster/steps.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { SeenNode } from '../node/observe.ts';
import { moveAtomically } from './atomic-move.ts';
import { closeSlots } from './close-slots.ts';
import { KEY_TOO_LARGE_HINT } from './large-keys.ts';
import { LatencyProbe } from './latency-probe.ts';
import { moveSlots, together } from './move-slots.ts';
import type { Mover } from './mover.ts';
import { NodeLinks } from './node-links.ts';
import { Pace } from './pace.ts';
import { countSlots } from './slots.ts';
import { Turns } from './turns.ts';

type MoveStep = Extract<Step, { do: 'move-slots' }>;
type CloseStep = Extract<Step, { do: 'close-slots' }>;

export interface MigrationOptions {
  readonly stallMs: number;
  /** Milliseconds that the slowest of a hundred requests may take before less is moved at once. */
  readonly latencyMs: number;
  /** Measure with SET too, on a random key that expires. */
  readonly probeWrites: boolean;
}

/** What a migration did, and what clients felt of it. */
export interface Flight {
  readonly slots: number;
  readonly keys: number;
  readonly seconds: number;
  readonly p99_ms: number;
  readonly p99_before_ms: number;
  /** Why slots moved key by key that the servers should have handed over at once. */
  readonly fell_back?: readonly string[];
}

/** Closes what is open, then moves key by key what has to be, then what the servers hand over, then what they could not. */
export async function carryOutMigration(
  steps: readonly Step[],
  views: ReadonlyMap<string, SeenNode>,
  io: ClusterIo,
  options: MigrationOptions,
): Promise<Flight> {
  const closes = steps.filter((step): step is CloseStep => step.do === 'close-slots');
  const moves = steps.filter((step): step is MoveStep => step.do === 'move-slots');
  const links = new NodeLinks(io, views);
  const touched = [...new Set(moves.flatMap(({ node, to }) => [node, to]))].map((name) => links.view(name));
  const probe = new LatencyProbe(
    io,
    touched,
    moves.flatMap(({ slots }) => slots),
    options.probeWrites,
  );
  const total = [...closes, ...moves].reduce((sum, { slots }) => sum + countSlots(slots), 0);
  const began = io.now();
  let mover: Mover | undefined;
  try {
    const quiet = touched.length > 0 ? await probe.start((p99) => mover?.pace.judge(p99)) : NOTHING_TO_MEASURE;
    const pace = new Pace(options.latencyMs, quiet);
    mover = {
      io,
      links,
      pace,
      stallMs: options.stallMs,
      stopped: false,
      refused: [],
      moved: { slots: 0, keys: 0 },
      turns: new Turns(),
      handing: new Map(),
      fellBack: [],
    };
    const { moved, handing, fellBack } = mover;
    const telling = tell(io, () => {
      const under = [...handing].map(([way, state]) => `; ${way}: ${state}`).join('');
      return `${moved.slots} of ${total} slots moved, ${moved.keys} keys; p99 ${probe.p99Ms.toFixed(1)} ms${under}`;
    });
    try {
      for (const { node, slots } of closes) await closeSlots(mover, { owner: node, slots });
      const keyByKey = moves.filter(({ by }) => by === 'MIGRATE');
      await moveKeyByKey(mover, keyByKey);
      await moveKeyByKey(mover, await handOver(mover, moves));
    } finally {
      telling.stop();
    }
    if (mover.refused.length > 0) throw new TaskError(mover.refused.join('; '), { hint: KEY_TOO_LARGE_HINT });
    const seconds = Number(((io.now() - began) / 1000).toFixed(3));
    const figures = { ...moved, seconds, p99_ms: rounded(probe.p99Ms), p99_before_ms: rounded(quiet.p99Ms) };
    return fellBack.length === 0 ? figures : { ...figures, fell_back: fellBack };
  } finally {
    await probe.stop();
    await links.closeAll();
  }
}

async function moveKeyByKey(mover: Mover, moves: readonly MoveStep[]): Promise<void> {
  await eachGiver(mover, moves, async ({ node, to, slots }) => {
    const open = mover.links.view(node).self.migrating;
    await moveSlots(mover, { from: node, to, slots }, !slots.some(([first]) => open.has(first)));
  });
}

/** Gives what could not be handed over. That is for later: no server lets slots be opened while it takes part in a handing over. */
async function handOver(mover: Mover, moves: readonly MoveStep[]): Promise<MoveStep[]> {
  const left: MoveStep[] = [];
  await eachGiver(mover, moves, async (step) => {
    if (step.by === 'MIGRATE') return;
    const problem = await moveAtomically(mover, { from: step.node, to: step.to, slots: step.slots }, step.by);
    if (problem === undefined) return;
    left.push(step);
    mover.fellBack.push(problem);
    mover.io.progress(`${problem}; its keys are moved one by one`);
  });
  return left;
}

/** Givers beside each other, each one's targets one after the other. */
async function eachGiver(
  mover: Mover,
  moves: readonly MoveStep[],
  work: (step: MoveStep) => Promise<void>,
): Promise<void> {
  await together(
    mover,
    [...byGiver(moves)].map(async ([, own]) => {
      for (const step of own) if (!mover.stopped) await work(step);
    }),
  );
}

function byGiver(moves: readonly MoveStep[]): Map<string, MoveStep[]> {
  const givers = new Map<string, MoveStep[]>();
  for (const step of moves) givers.set(step.node, [...(givers.get(step.node) ?? []), step]);
  return givers;
}

const NOTHING_TO_MEASURE = { medianMs: 0, p99Ms: 0 };
const TELL_MS = 1000;

/** Says now and then how far it is. */
function tell(io: ClusterIo, text: () => string): { stop(): void } {
  const timer = setInterval(() => io.progress(text()), TELL_MS);
  return { stop: () => clearInterval(timer) };
}

function rounded(ms: number): number {
  return Number(ms.toFixed(2));
}
