import { InterruptedError, UnreachableError } from '../../errors/errors.ts';
import type { DeclaredNode } from '../../redis/cluster/topology.ts';
import { queryNode } from '../../redis/node/client.ts';
import type { NodeAnswer } from '../../redis/node/contract.ts';
import { nodeFacts } from '../../redis/node/node-facts.ts';
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

  /**
   * `asked`: where the node listens for those on its host, when that is not the address that the cluster uses. The node in the
   * view has the address that it announces.
   */
  async look(node: DeclaredNode, asked: string = node.address): Promise<Look> {
    // Its certificate is for the address that the cluster uses.
    const tls = node.tls && { servername: node.address, ...node.tls };
    const query = observation({ ...node, address: asked, tls });
    const answer = await this.#ask(node, query);
    const found = viewOf(node, answer);
    if (!found.seen || !answer.ok) return { view: found, facts: undefined };
    const view = { ...found, node: { ...node, address: found.self.address || node.address } };
    try {
      return { view, facts: nodeFacts(answer.replies.slice(0, 3)) };
    } catch {
      return { view, facts: undefined };
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
      return await queryNode(() => connection.openStream({ address: query.address, port: query.port }), query);
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
