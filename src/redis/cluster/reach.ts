import type { ClusterIo } from '../node/cluster-io.ts';
import type { SeenNode } from '../node/observe.ts';
import { knows, place as nameOf } from './classify.ts';

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
  const probed = await Promise.all(pairs.slice(0, MAX_PROBES).map(async (pair) => await probe(pair, io)));
  const blocked = probed.filter(({ silent }) => silent);
  const groups = new Map<string, string[]>();
  for (const { from, what } of blocked.length > 0 ? blocked : probed)
    groups.set(what, [...(groups.get(what) ?? []), from]);
  return [...groups].map(([what, from]) => `from ${from.join(', ')} to ${what}`);
}

/** Says for replicas without a link whose master's client port does not answer the replica's host. */
export async function explainLinks(seen: readonly SeenNode[], io: ClusterIo): Promise<string[]> {
  const pairs = seen.flatMap((from) => {
    const to =
      from.role === 'replica' && !from.linkUp ? seen.find((other) => other.self.id === from.self.masterId) : undefined;
    return to ? [{ from, to }] : [];
  });
  const probed = pairs.slice(0, MAX_PROBES).map(async ({ from, to }) => {
    const { address, port } = to.node;
    const answer = await io.query({
      via: from.node.host,
      fromHost: true,
      address,
      port,
      commands: [['PING']],
      timeoutMs: PROBE_MS,
    });
    const silent = !answer.ok && (answer.kind === 'refused' || answer.kind === 'timeout');
    return silent
      ? [`from ${nameOf(from)} to ${nameOf(to)}: client port ${port} does not answer (${answer.message})`]
      : [];
  });
  return (await Promise.all(probed)).flat();
}

async function probe({ from, to }: Pair, io: ClusterIo): Promise<{ silent: boolean; from: string; what: string }> {
  const port = busPortOf(to);
  const commands = [['PING']];
  const answer = await io.query({
    via: from.node.host,
    fromHost: true,
    address: to.node.address,
    port,
    commands,
    timeoutMs: PROBE_MS,
  });
  const silent = !answer.ok && (answer.kind === 'refused' || answer.kind === 'timeout');
  const outcome = silent
    ? `does not answer (${answer.message})`
    : 'accepts connections, but the two do not come together';
  return { silent, from: nameOf(from), what: `${nameOf(to)}: bus port ${port} ${outcome}` };
}

export function busPortOf(view: SeenNode): number {
  return view.node.busPort ?? (view.self.busPort || view.node.port + 10000);
}
