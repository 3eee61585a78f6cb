/** How much is under way at once. A giver is blocked while it sends a MIGRATE, so these are what its clients wait for. */
export interface Limits {
  /** Keys in one MIGRATE. */
  readonly keys: number;
  readonly bytes: number;
  /** MIGRATEs of one giver that wait behind each other. */
  readonly inFlight: number;
}

/**
 * A hundred small keys block a giver for about half a millisecond; fewer of them make more commands and waits of the same work, and its
 * clients do not feel it.
 */
const LEAST: Limits = { keys: 100, bytes: 64 * 1024, inFlight: 1 };
const MOST: Limits = { keys: 512, bytes: 4 * 1024 * 1024, inFlight: 4 };
const START: Limits = { keys: 100, bytes: 1024 * 1024, inFlight: 2 };
/** On a shorter way than this, one that waits is enough to keep a giver at work; more of them only let its clients wait longer. */
const SHORT_WAY_MS = 1;
const MOST_ON_SHORT_WAY = 2;

/** What requests of a client take while nothing moves. */
export interface Latency {
  readonly medianMs: number;
  /** The slowest of a hundred. */
  readonly p99Ms: number;
}

/** Below this part of the budget there is room for more. */
const ROOM = 0.5;

/** Halves what is under way when clients wait too long, and lets it grow again slowly. */
export class Pace {
  #limits: Limits = START;
  readonly budgetMs: number;
  readonly #mostInFlight: number;

  /** `latencyMs`: what clients may wait. */
  constructor(latencyMs: number, quiet: Latency) {
    // On a slow way to the nodes most of the time is the way's.
    this.budgetMs = Math.max(latencyMs, quiet.p99Ms * 2);
    // One slow answer of a hundred does not make a way long.
    this.#mostInFlight = quiet.medianMs < SHORT_WAY_MS ? MOST_ON_SHORT_WAY : MOST.inFlight;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** The slowest of a hundred requests of a client took this long. */
  judge(p99Ms: number): void {
    if (p99Ms > this.budgetMs) this.slowDown();
    else if (p99Ms < this.budgetMs * ROOM) this.#scale(1.25, 1);
  }

  slowDown(): void {
    this.#scale(0.5, -1);
  }

  #scale(factor: number, inFlight: number): void {
    const { keys, bytes } = this.#limits;
    this.#limits = {
      keys: within(LEAST.keys, Math.round(keys * factor), MOST.keys),
      bytes: within(LEAST.bytes, Math.round(bytes * factor), MOST.bytes),
      inFlight: within(LEAST.inFlight, this.#limits.inFlight + inFlight, this.#mostInFlight),
    };
  }
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
