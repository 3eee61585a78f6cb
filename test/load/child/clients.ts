import { Cluster, Command, Redis } from 'ioredis';
import { accessIn, type LoadFigures, type LoadOptions } from '../contract.ts';
import type { Latencies } from './latencies.ts';

/** How long a replica may take to confirm; the writer's connection waits meanwhile. */
const CONFIRM_MS = 200;
const NAMED = 20;

type Written = Omit<
  LoadFigures,
  'seconds' | 'mostDown' | 'mostOut' | 'shards' | 'incidents' | 'operations' | 'p50Ms' | 'p99Ms' | 'maxMs'
>;

/** The connection that a command was written to last: WAIT speaks of the writes of one connection. */
const sentOver = new WeakMap<Command, { readonly node: Redis; readonly stream: unknown }>();
const send = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function (this: Redis, command: Command, stream) {
  sentOver.set(command, { node: this, stream: this.stream });
  return send.call(this, command, stream);
};

/** Clients with ioredis's default limits: some write unique keys and have a replica confirm them, one reads and writes for its time. */
export class Clients {
  readonly #options: LoadOptions;
  readonly #latencies: Latencies;
  readonly #writer: Cluster;
  readonly #timed: Cluster;
  readonly #prefix: string;
  readonly #confirmed: string[] = [];
  readonly #unconfirmed: string[] = [];
  readonly #errors = new Map<string, number>();
  #wrongReads = 0;
  #next = 0;
  #stopped = false;
  #loops: Promise<void>[] = [];

  constructor(options: LoadOptions, latencies: Latencies) {
    this.#options = options;
    this.#latencies = latencies;
    this.#prefix = options.prefix ?? 'load';
    this.#writer = this.#connect();
    this.#timed = this.#connect();
  }

  #connect(): Cluster {
    const cluster = new Cluster([...this.#options.seeds], { redisOptions: accessIn(this.#options) });
    cluster.on('error', () => undefined);
    return cluster;
  }

  async start(): Promise<void> {
    await this.#confirmedWrite();
    const pause = this.#options.pauseMs ?? 10;
    const loops = [...Array(this.#options.writers ?? 6)].map(() => () => this.#confirmedWrite());
    this.#loops = [...loops, () => this.#timedWrite(), () => this.#timedRead()].map(async (operation) => {
      while (!this.#stopped) {
        await operation().catch((error: unknown) => this.#note(error));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    });
  }

  async confirmMore(writes: number): Promise<void> {
    const wanted = this.#confirmed.length + writes;
    while (this.#confirmed.length < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #note(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#errors.set(message, (this.#errors.get(message) ?? 0) + 1);
  }

  #key(n: number): string {
    return `${this.#prefix}:${n}`;
  }

  async #confirmedWrite(): Promise<void> {
    const n = this.#next;
    this.#next += 1;
    const key = this.#key(n);
    const command = new Command('set', [key, String(n)], { replyEncoding: 'utf8' });
    await this.#writer.sendCommand(command);
    const over = sentOver.get(command);
    const same = over !== undefined && over.node.status === 'ready' && over.node.stream === over.stream;
    // A confirmation that does not come is no error of the client: the write was answered, it is only not counted on.
    const replicas = same ? await over.node.wait(1, CONFIRM_MS).catch(() => 0) : 0;
    (replicas >= 1 ? this.#confirmed : this.#unconfirmed).push(key);
  }

  async #inTime<T>(operation: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await operation();
    } finally {
      this.#latencies.add(performance.now() - began);
    }
  }

  async #timedWrite(): Promise<void> {
    await this.#inTime(
      async () => await this.#timed.set(`${this.#prefix}:timed:${this.#next % 997}`, 'x', 'PX', 60_000),
    );
  }

  async #timedRead(): Promise<void> {
    const key = this.#confirmed[Math.floor(Math.random() * this.#confirmed.length)];
    if (key === undefined) return;
    const value = await this.#inTime(async () => await this.#timed.get(key));
    if (value === null || this.#key(Number(value)) !== key) this.#wrongReads += 1;
  }

  async stop(): Promise<Written> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    const lost = await this.#missing(this.#confirmed);
    const gone = await this.#missing(this.#unconfirmed);
    return {
      acknowledged: this.#confirmed.length,
      lost: lost.length,
      lostKeys: lost.slice(0, NAMED),
      unconfirmed: this.#unconfirmed.length,
      unconfirmedGone: gone.length,
      errors: [...this.#errors].map(([message, count]) => ({ message, count })),
      wrongReads: this.#wrongReads,
    };
  }

  /** Reads all keys back with a client that knows nothing of before. */
  async #missing(keys: readonly string[]): Promise<string[]> {
    const reader = this.#connect();
    const missing: string[] = [];
    for (let at = 0; at < keys.length; at += 500) {
      const some = keys.slice(at, at + 500);
      const values = await Promise.all(some.map(async (key) => await reader.get(key)));
      missing.push(...some.filter((key, index) => this.#key(Number(values[index] ?? Number.NaN)) !== key));
    }
    reader.disconnect();
    return missing;
  }
}
