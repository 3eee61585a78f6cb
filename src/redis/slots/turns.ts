/** Work for one and the same server, one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(server: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(server);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return await work();
    })();
    this.#last.set(server, mine);
    return await mine;
  }
}
