import { NodeError } from './node-error.ts';

/** One limit over several steps, one after the other or at once. */
export class Deadline {
  passed = false;
  readonly #timer: NodeJS.Timeout;
  readonly #ms: number;
  readonly #waiting = new Set<() => void>();
  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = setTimeout(() => {
      this.passed = true;
      for (const expire of this.#waiting) expire();
    }, ms);
  }
  async race<T>(work: Promise<T>, doing: string): Promise<T> {
    let expire: () => void = () => undefined;
    const silence = new Promise<never>((_, reject) => {
      expire = () => reject(new NodeError('timeout', `no answer within ${this.#ms} ms (${doing})`));
    });
    this.#waiting.add(expire);
    if (this.passed) expire();
    try {
      return await Promise.race([work, silence]);
    } finally {
      this.#waiting.delete(expire);
    }
  }
  clear(): void {
    clearTimeout(this.#timer);
    this.passed = true;
  }
}
