import { Redis } from 'ioredis';
import type { LoadAccess } from '../contract.ts';

/** A node that says nothing for so long counts as down: its host is gone, or it hangs. */
const SILENT_MS = 2000;

export type NodeState =
  | { readonly is: 'down'; readonly why: string }
  | { readonly is: 'master' }
  | { readonly is: 'replica'; readonly master: string; readonly linked: boolean };

/**
 * One node, looked at through two connections of its own: one asks for its role, the other writes. A manual failover holds
 * writes back without an answer, and would hold back the question behind them.
 */
export class NodeWatch {
  readonly endpoint: string;
  state: NodeState = { is: 'down', why: 'not asked yet' };
  readonly #eye: Redis;
  readonly #pen: Redis;
  #asked: number | undefined;
  #writing = false;

  constructor(host: string, port: number, access: LoadAccess) {
    this.endpoint = `${host}:${port}`;
    const connect = (): Redis => {
      const redis = new Redis({
        host,
        port,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => 20,
        connectTimeout: 1000,
        // A node that loads its data shall say so itself.
        enableReadyCheck: false,
        ...access,
      });
      redis.on('error', () => undefined);
      return redis;
    };
    this.#eye = connect();
    this.#pen = connect();
  }

  /** Asks for the role unless the last question is still open. */
  look(): void {
    if (this.#eye.status !== 'ready') {
      this.#asked = undefined;
      this.state = { is: 'down', why: 'no connection' };
      return;
    }
    if (this.#asked !== undefined) {
      if (performance.now() - this.#asked > SILENT_MS) this.state = { is: 'down', why: 'silent' };
      return;
    }
    this.#asked = performance.now();
    this.#eye.role().then(
      (reply) => {
        this.#asked = undefined;
        this.state = stateOf(reply);
      },
      (error: Error) => {
        this.#asked = undefined;
        this.state = { is: 'down', why: error.message };
      },
    );
  }

  async nodes(): Promise<string> {
    return String(await this.#eye.cluster('NODES'));
  }

  /** Tries to write each key; `taken` is called for those that were. A client that is sent on by ASK gets its write done. */
  write(keys: readonly string[], taken: (key: string) => void): void {
    if (this.#writing || this.#pen.status !== 'ready' || this.state.is !== 'master') return;
    this.#writing = true;
    const writes = keys.map(async (key) => {
      const reply = await this.#pen.set(key, 'x').catch((error: Error) => error.message);
      if (reply === 'OK' || reply.startsWith('ASK ')) taken(key);
    });
    void Promise.all(writes).then(() => {
      this.#writing = false;
    });
  }

  close(): void {
    this.#eye.disconnect();
    this.#pen.disconnect();
  }
}

function stateOf(reply: readonly unknown[]): NodeState {
  if (reply[0] === 'master') return { is: 'master' };
  return { is: 'replica', master: `${reply[1]}:${reply[2]}`, linked: reply[3] === 'connected' };
}
