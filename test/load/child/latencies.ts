import type { LoadFigures } from '../contract.ts';

/** Every operation's time, kept until the end. */
export class Latencies {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  figures(): Pick<LoadFigures, 'operations' | 'p50Ms' | 'p99Ms' | 'maxMs'> {
    const sorted = Float64Array.from(this.#all).sort();
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return { operations: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 };
  }
}
