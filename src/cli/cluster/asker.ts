import { InterruptedError, UnreachableError } from '../../errors/errors.ts';
import type { DeclaredNode } from '../../redis/cluster/topology.ts';
import { queryNode } from '../../redis/node/client.ts';
import type { NodeAnswer, RespValue } from '../../redis/node/contract.ts';
import { nodeFacts } from '../../redis/node/node-facts.ts';
import { placeOnHost } from '../../redis/node/node-place.ts';
import { observation, viewOf } from '../../redis/node/observe.ts';
import { connect } from '../../transport/connect.ts';
import type { Connection, Target } from '../../transport/contract.ts';
import { output } from '../terminal.ts';
import type { Look } from './picture.ts';

/** Asks nodes through the hosts that they are reached from: one connection per host, kept between two looks. */
export class Asker {
  readonly #wayTo: (host: string) => Target;
  readonly #signal: AbortSignal;
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(wayTo: (host: string) => Target, signal: AbortSignal) {
    this.#wayTo = wayTo;
    this.#signal = signal;
  }

  /** The node in the view has the address and the port that it announces. */
  async look(node: DeclaredNode): Promise<Look> {
    const query = observation(node);
    const answer = await this.#ask(node, { ...query, commands: [...query.commands, ['CONFIG', 'GET', 'bind']] });
    const found = viewOf(node, answer);
    if (!found.seen || !answer.ok) return { view: found, facts: undefined };
    const { address, port } = found.self;
    const view = { ...found, node: { ...node, address: address || node.address, port: port || node.port } };
    const bind = boundTo(answer.replies.at(-1));
    try {
      return { view, bind, facts: nodeFacts(answer.replies.slice(0, 3)) };
    } catch {
      return { view, bind, facts: undefined };
    }
  }

  async close(): Promise<void> {
    const all = [...this.#connections.values()];
    await Promise.all(all.map((made) => made.then((connection) => connection.close()).catch(() => undefined)));
  }

  /** A host that cannot be reached is a node that gives no answer. */
  async #ask(node: DeclaredNode, query: ReturnType<typeof observation>): Promise<NodeAnswer> {
    try {
      const connection = await this.#connection(node.host);
      return await queryNode(() => connection.openStream(placeOnHost(query)), query);
    } catch (error) {
      if (error instanceof InterruptedError || !(error instanceof UnreachableError)) throw error;
      this.#connections.delete(this.#wayTo(node.host).name);
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      return { ok: false, kind: 'other', message: `${error.message}${hint}` };
    }
  }

  #connection(host: string): Promise<Connection> {
    const target = this.#wayTo(host);
    const known = this.#connections.get(target.name);
    if (known) return known;
    const made = connect(target, this.#signal, { notice: (message) => output.errorLine(message) });
    this.#connections.set(target.name, made);
    return made;
  }
}

/** What the node listens on; undefined where CONFIG is not allowed. None is all. */
function boundTo(reply: RespValue | undefined): readonly string[] | undefined {
  const value = Array.isArray(reply) ? reply[1] : undefined;
  return typeof value === 'string' ? value.split(' ').filter(Boolean) : undefined;
}
