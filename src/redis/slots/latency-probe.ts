import { randomBytes } from 'node:crypto';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { NodeLink } from '../node/contract.ts';
import { keySlot } from '../node/key-slot.ts';
import type { SeenNode } from '../node/observe.ts';
import type { Latency } from './pace.ts';
import { type SlotRange, slotsOf, withoutSlots } from './slots.ts';

const PREFIX = 'rcdeploy:canary:';
/** A key that a killed run left behind is gone after this. */
const EXPIRY_MS = '10000';
const PAUSE_MS = 5;
/** Requests that one judgement is made of. */
const WINDOW = 100;

/** Does on every node that gives or takes what a client does there, one request after the other, and tells how long each took. */
export class LatencyProbe {
  readonly #io: ClusterIo;
  readonly #targets: readonly { readonly view: SeenNode; readonly requests: readonly (readonly string[])[] }[];
  readonly #links: NodeLink[] = [];
  readonly #all: number[] = [];
  #window: number[] = [];
  #running: Promise<void>[] = [];
  #stopped = false;
  /** Nothing moves yet, so that nobody waits for a pause. */
  #isQuiet = true;

  /** `moving` are slots that a key of the probe must not be in. `writes`: SET too, on a random key that expires. */
  constructor(io: ClusterIo, views: readonly SeenNode[], moving: readonly SlotRange[], writes: boolean) {
    this.#io = io;
    this.#targets = views.map((view) => {
      const key = keyFor(withoutSlots(view.self.slots, moving));
      if (key === undefined) return { view, requests: [['PING']] };
      const set = ['SET', key, 'probe', 'PX', EXPIRY_MS];
      return { view, requests: writes ? [['GET', key], set] : [['GET', key]] };
    });
  }

  /** Measures for a while with nothing under way, then goes on in the background. Gives what was measured in that while. */
  async start(judge: (p99Ms: number) => void, samples = WINDOW): Promise<Latency> {
    this.#running = this.#targets.map(async ({ view, requests }) => await this.#probe(view, requests, judge));
    const until = this.#io.now() + 1000;
    while (this.#all.length < samples && this.#io.now() < until) await this.#io.sleep(PAUSE_MS);
    const quiet = { medianMs: slowest(this.#all, 0.5), p99Ms: slowest(this.#all, 0.99) };
    this.#all.length = 0;
    this.#window = [];
    this.#isQuiet = false;
    return quiet;
  }

  /** Milliseconds of the slowest of a hundred requests since the start; 0 when there were none. */
  get p99Ms(): number {
    return slowest(this.#all, 0.99);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#running);
    for (const link of this.#links) link.close();
  }

  async #probe(
    view: SeenNode,
    requests: readonly (readonly string[])[],
    judge: (p99Ms: number) => void,
  ): Promise<void> {
    try {
      const link = await this.#io.link(view.node);
      this.#links.push(link);
      while (!this.#stopped) {
        for (const request of requests) {
          const began = this.#io.now();
          await link.send([request]);
          this.#note(this.#io.now() - began, judge);
        }
        if (!this.#isQuiet) await this.#io.sleep(PAUSE_MS);
      }
      const [, set] = requests;
      if (set) await link.send([['DEL', String(set[1])]]);
    } catch {
      // What keeps a probe from asking keeps the mover from moving, which says so.
    }
  }

  #note(ms: number, judge: (p99Ms: number) => void): void {
    this.#all.push(ms);
    this.#window.push(ms);
    if (this.#window.length < WINDOW) return;
    judge(slowest(this.#window, 0.99));
    this.#window = [];
  }
}

/** What this share of the samples took at the most. */
function slowest(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function keyFor(ranges: readonly SlotRange[]): string | undefined {
  const slots = new Set(slotsOf(ranges));
  for (let tries = 0; slots.size > 0 && tries < 100_000; tries += 1) {
    const key = `${PREFIX}${randomBytes(6).toString('hex')}`;
    if (slots.has(keySlot(key))) return key;
  }
  return undefined;
}
