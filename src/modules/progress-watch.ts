/** Notices when nothing changed for some time. */
export class ProgressWatch {
  readonly #limitMs: number;
  #last = '';
  #since = performance.now();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  stalledAt(progress: string): boolean {
    if (progress !== this.#last) {
      this.#last = progress;
      this.#since = performance.now();
    }
    return performance.now() - this.#since > this.#limitMs;
  }
}
