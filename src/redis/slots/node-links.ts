import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import { nodeName } from '../cluster/topology.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { Command, NodeLink, RespValue } from '../node/contract.ts';
import { NodeError } from '../node/node-error.ts';
import type { SeenNode } from '../node/observe.ts';

/** What was planned is no longer so: the nodes have to be looked at again. Nothing is lost by it. */
export class StaleError extends Error {
  override readonly name = 'StaleError';
}

/** Links to the nodes of a migration, each opened when it is first needed. Keys are bytes, so all of them speak latin1. */
export class NodeLinks {
  readonly #io: ClusterIo;
  readonly #views: ReadonlyMap<string, SeenNode>;
  readonly #links = new Map<string, Promise<NodeLink>>();

  constructor(io: ClusterIo, views: ReadonlyMap<string, SeenNode>) {
    this.#io = io;
    this.#views = views;
  }

  view(name: string): SeenNode {
    const view = this.#views.get(name);
    if (!view) throw new TaskError(`${name} was there a moment ago and does not answer any more`);
    return view;
  }

  /** Of all nodes that were seen, not only those that slots move between. */
  views(): SeenNode[] {
    return [...this.#views.values()];
  }

  /** All masters but these, who are told of a slot's new owner. */
  otherMasters(...names: readonly string[]): string[] {
    return [...this.#views.values()].flatMap((view) => {
      const name = nodeName(view.node);
      return view.role === 'master' && !names.includes(name) ? [name] : [];
    });
  }

  /** Sends in one pipeline. A cut link is a reason to look again: what was sent may have been done. */
  async send(name: string, commands: readonly Command[], timeoutMs?: number): Promise<RespValue[]> {
    const view = this.view(name);
    try {
      let link = this.#links.get(name);
      if (!link) {
        link = this.#io.link(view.node, 'latin1');
        this.#links.set(name, link);
      }
      return await (await link).send(commands, timeoutMs);
    } catch (error) {
      if (error instanceof NodeError) throw new StaleError(`${nameOf(view)}: ${error.message}`);
      throw error;
    }
  }

  async closeAll(): Promise<void> {
    const links = await Promise.allSettled(this.#links.values());
    for (const link of links) if (link.status === 'fulfilled') link.value.close();
    this.#links.clear();
  }
}

/** Words that a server takes as text, for a link that speaks bytes. */
export function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
