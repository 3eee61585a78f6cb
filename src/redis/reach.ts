import { knows, place as nameOf } from './classify.ts';
import type { ClusterIo } from './cluster-io.ts';
import type { SeenNode } from './observe.ts';

/** Enough to see the pattern of a firewall without opening hundreds of connections. */
const MAX_PROBES = 24;
const PROBE_MS = 1500;

export interface Pair {
  readonly from: SeenNode;
  readonly to: SeenNode;
}

/** Ordered pairs of which the first does not know the second. */
export function strangersAmong(seen: readonly SeenNode[]): Pair[] {
  return seen.flatMap((from) => seen.flatMap((to) => (from === to || knows(from, to) ? [] : [{ from, to }])));
}

/**
 * Says for nodes that do not come together which bus port does not answer whom, by connecting to it from the other node's
 * host. A bus port closes a connection that does not speak its protocol, which is answer enough.
 */
export async function explainStrangers(pairs: readonly Pair[], io: ClusterIo): Promise<string[]> {
  const said = await Promise.all(
    pairs.slice(0, MAX_PROBES).map(async ({ from, to }) => {
      const port = busPortOf(to);
      const answer = await io.query({
        via: from.node.host,
        address: to.node.address,
        port,
        commands: [['PING']],
        timeoutMs: PROBE_MS,
      });
      const silent = !answer.ok && (answer.kind === 'refused' || answer.kind === 'timeout');
      return {
        silent,
        text: `from ${nameOf(from)} to ${nameOf(to)}: bus port ${port} ${silent ? answer.message : 'accepts connections'}`,
      };
    }),
  );
  const blocked = said.filter(({ silent }) => silent);
  return (blocked.length > 0 ? blocked : said).map(({ text }) => text);
}

export function busPortOf(view: SeenNode): number {
  return view.node.busPort ?? (view.self.busPort || view.node.port + 10000);
}
