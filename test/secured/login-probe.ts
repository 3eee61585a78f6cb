import { openNodeLink } from '../../src/redis/node/client.ts';
import type { NodeAccess } from '../../src/redis/node/contract.ts';
import { openLocal } from '../redis/servers.ts';

const PAUSE_MS = 10;

export type Login = Pick<NodeAccess, 'auth' | 'tls'>;
export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface Logins {
  readonly logins: number;
  /** Nodes that let the client in at least once. */
  readonly nodes: number;
  /** Refused by a node that had let it in before; by any node where it must always get in. */
  readonly failed: readonly string[];
}

/** A client that connects anew all the time, to one node after the other, and logs in. */
export class LoginProbe {
  readonly #nodes: readonly Place[];
  readonly #login: Login;
  readonly #known = new Set<string>();
  readonly #failed: string[] = [];
  readonly #always: boolean;
  #logins = 0;
  #stopped = false;
  readonly #loop: Promise<void>;

  /** `always`: whoever has this secret is let in from the beginning. */
  constructor(nodes: readonly Place[], login: Login, always: boolean) {
    this.#nodes = nodes;
    this.#login = login;
    this.#always = always;
    this.#loop = this.#run();
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
    const refusal = await logIn(address, port, this.#login);
    if (refusal === undefined) {
      this.#logins += 1;
      this.#known.add(place);
    } else if (this.#always || this.#known.has(place)) {
      this.#failed.push(refusal);
    }
  }
}

/** Why a new client is not let in by a node; undefined when it is. */
async function logIn(address: string, port: number, login: Login): Promise<string | undefined> {
  const access: NodeAccess = { via: '', address, port, ...login };
  try {
    const link = await openNodeLink(openLocal(access), access);
    const [reply] = await link.send([['PING']]).finally(() => link.close());
    return reply === 'PONG' ? undefined : `${address}:${port}: ${JSON.stringify(reply)}`;
  } catch (error) {
    return `${address}:${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Every node that does not let such a client in, with what it says. */
export async function refusals(nodes: readonly Place[], login: Login): Promise<string[]> {
  const all = await Promise.all(nodes.map(async ({ address, port }) => await logIn(address, port, login)));
  return all.filter((one) => one !== undefined);
}
