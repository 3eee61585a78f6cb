import { FlowNetwork } from './flow.ts';
import { compareScores, type Placed, type Score, type Shard, scoreOf, sharesZone, zoneOf } from './placement-score.ts';

/** A replica that becomes the master of its shard, by indices into the declared nodes. */
export interface Promotion {
  readonly from: number;
  readonly to: number;
}

/** How many components of a score failovers are made for; the rest is not worth a client's reconnect. */
const WORTH = 3;

/** Prices in the order of the score's components; each outweighs any number of the next. */
const SAME_HOST = 1e12;
const SAME_ZONE = 1e6;
const FAILOVER = 1;

/**
 * The fewest failovers after which the masters stand as well as failovers alone can make it: no master beside its own replica in a host
 * or zone where that can be, and no zone with more masters than necessary. Empty when that is so already. Exact, and the same every time.
 */
export function promotionsHome(
  nodes: readonly Placed[],
  shards: readonly Shard[],
  mayLead: (index: number) => boolean,
): Promotion[] {
  const now = worthOf(nodes, shards);
  const candidates = shards.map(({ master, replicas }) => [master, ...replicas.filter(mayLead)]);
  const separate = cheapest(nodes, shards, candidates, shards.length, 0);
  let crowd = Math.ceil(shards.length / Math.max(1, new Set(nodes.map(zoneOf)).size));
  let found = cheapest(nodes, shards, candidates, crowd, FAILOVER);
  // A cap that separates masters from their replicas less well, or leaves a shard without a master, is too low.
  while (
    crowd < shards.length &&
    (!found || Math.floor(found.cost / SAME_ZONE) > Math.floor((separate?.cost ?? 0) / SAME_ZONE))
  ) {
    crowd += 1;
    found = cheapest(nodes, shards, candidates, crowd, FAILOVER);
  }
  if (!found) return [];
  const { leaders } = found;
  const after = shards.map((shard, position) => led(shard, leaders[position] ?? shard.master));
  if (compareScores(worthOf(nodes, after), now) >= 0) return [];
  return shards.flatMap(({ master }, position) => {
    const to = leaders[position] ?? master;
    return to === master ? [] : [{ from: master, to }];
  });
}

/** The shard with another of its members as master. */
export function led(shard: Shard, leader: number): Shard {
  if (leader === shard.master) return shard;
  return { master: leader, replicas: shard.replicas.map((index) => (index === leader ? shard.master : index)) };
}

function worthOf(nodes: readonly Placed[], shards: readonly Shard[]): Score {
  return scoreOf(nodes, shards).slice(0, WORTH);
}

/** One master for each shard, at most `crowd` in a zone, as cheap as can be; undefined when the zones cannot hold them all. */
function cheapest(
  nodes: readonly Placed[],
  shards: readonly Shard[],
  candidates: readonly (readonly number[])[],
  crowd: number,
  failover: number,
): { readonly leaders: readonly number[]; readonly cost: number } | undefined {
  const network = new FlowNetwork();
  const [source, sink] = [network.addVertex(), network.addVertex()];
  const zones = new Map<string, number>();
  const zoneVertex = (name: string): number => {
    const known = zones.get(name);
    if (known !== undefined) return known;
    const vertex = network.addVertex();
    zones.set(name, vertex);
    network.addArc(vertex, sink, crowd, 0);
    return vertex;
  };
  const choices = shards.map((shard, position) => {
    const vertex = network.addVertex();
    network.addArc(source, vertex, 1, 0);
    return (candidates[position] ?? []).flatMap((leader) => {
      const node = nodes[leader];
      if (!node) return [];
      const cost = priceOf(nodes, led(shard, leader)) + (leader === shard.master ? 0 : failover);
      return [{ leader, cost, flow: network.addArc(vertex, zoneVertex(zoneOf(node)), 1, cost) }];
    });
  });
  network.run(source, sink);
  const chosen = choices.flatMap((of) => of.find(({ flow }) => flow() > 0) ?? []);
  if (chosen.length < shards.length) return undefined;
  return { leaders: chosen.map(({ leader }) => leader), cost: chosen.reduce((sum, { cost }) => sum + cost, 0) };
}

function priceOf(nodes: readonly Placed[], { master, replicas }: Shard): number {
  const own = nodes[master];
  if (!own) return 0;
  return replicas
    .flatMap((index) => nodes[index] ?? [])
    .reduce((sum, node) => sum + (node.host === own.host ? SAME_HOST : 0) + (sharesZone(node, own) ? SAME_ZONE : 0), 0);
}
