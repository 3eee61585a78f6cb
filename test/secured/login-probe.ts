import { openNodeLink } from '../../src/redis/node/client.ts';
import type { NodeAccess } from '../../src/redis/node/contract.ts';
import { openLocal } from '../redis/servers.ts';

const PAUSE_MS = 10;

export interface Logins {
  readonly logins: number;
  /** Nodes that let the client in at least once. */
  readonly nodes: number;
  /** Refused by a node that had let it in before; by any node where it must always get in. */
  readonly failed: readonly string[];
}

/** A client that connects anew all the time, to one node after the other, and logs in. */
export class LoginProbe {
  readonly #nodes: readonly { readonly address: string; readonly port: number }[];
  readonly #login: Pick<NodeAccess, 'auth' | 'tls'>;
  readonly #known = new Set<string>();
  readonly #failed: string[] = [];
  readonly #always: boolean;
  #logins = 0;
  #stopped = false;
  readonly #loop: Promise<void>;

  /** `always`: whoever has this secret is let in from the beginning. */
  constructor(nodes: LoginProbe['nodes'], login: Pick<NodeAccess, 'auth' | 'tls'>, always: boolean) {
    this.#nodes = nodes;
    this.#login = login;
    this.#always = always;
    this.#loop = this.#run();
  }

  get nodes(): readonly { readonly address: string; readonly port: number }[] {
    return this.#nodes;
  }

  async stop(): Promise<Logins> {
    this.#stopped = true;
    await this.#loop;
    return { logins: this.#logins, nodes: this.#known.size, failed: this.#failed };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      for (const { address, port } of this.#nodes) await this.#tryOne(address, port);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #tryOne(address: string, port: number): Promise<void> {
    const place = `${address}:${port}`;
    const access: NodeAccess = { via: '', address, port, ...this.#login };
    try {
      const link = await openNodeLink(openLocal(access), access);
      const [reply] = await link.send([['PING']]).finally(() => link.close());
      if (reply !== 'PONG') throw new Error(JSON.stringify(reply));
      this.#logins += 1;
      this.#known.add(place);
    } catch (error) {
      if (this.#always || this.#known.has(place)) this.#failed.push(`${place}: ${String(error)}`);
    }
  }
}
