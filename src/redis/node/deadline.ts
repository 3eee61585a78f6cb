import { NodeError } from './node-error.ts';

/** One limit over several steps. */
export class Deadline {
  passed = false;
  readonly #timer: NodeJS.Timeout;
  readonly #ms: number;
  #expire: () => void = () => undefined;
  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#expire();
    }, ms);
  }
  async race<T>(work: Promise<T>, doing: string): Promise<T> {
    const silence = new Promise<never>((_, reject) => {
      this.#expire = () => reject(new NodeError('timeout', `no answer within ${this.#ms} ms (${doing})`));
      if (this.passed) this.#expire();
    });
    return await Promise.race([work, silence]);
  }
  clear(): void {
    clearTimeout(this.#timer);
    this.passed = true;
  }
}
