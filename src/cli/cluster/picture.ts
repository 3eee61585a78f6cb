import { agreeOnSlots } from '../../redis/cluster/discover.ts';
import { type DeclaredCluster, endpoint, nodeName } from '../../redis/cluster/topology.ts';
import { verify } from '../../redis/cluster/verify.ts';
import type { NodeFacts } from '../../redis/node/node-facts.ts';
import type { NodeView, SeenNode } from '../../redis/node/observe.ts';
import { ownershipOf } from '../../redis/slots/ownership.ts';
import { countSlots, formatSlots, SLOT_COUNT } from '../../redis/slots/slots.ts';
import { flawsOf, flawTable, mendedVersion } from '../../redis/versions/known-flaws.ts';
import { nameVersion } from '../../redis/versions/server-version.ts';
import type { ClusterPicture, OpenSlots, PicturedNode } from '../../report/cluster-picture.ts';

/** A node seen twice over: what the engine of clusters needs to know, and what people ask after. */
export interface Look {
  readonly view: NodeView;
  readonly facts: NodeFacts | undefined;
  /** Directive `bind`, where the node tells it. */
  readonly bind?: readonly string[] | undefined;
}

/** `declared`: something is known of how the cluster should be, so that replicas and placement are judged. */
export function pictureOf(
  cluster: DeclaredCluster,
  looks: readonly Look[],
  through: string,
  declared: boolean,
): ClusterPicture {
  const views = looks.map(({ view }) => view);
  const seen = views.filter((view) => view.seen);
  const { unowned } = ownershipOf(seen);
  const offsets = new Map(looks.map(({ view, facts }) => [view.seen ? view.self.id : '', facts?.replication.offset]));
  return {
    name: cluster.name,
    through,
    time: new Date().toISOString(),
    nodes: looks.map((look) => nodeOf(look, views, offsets)),
    agreed: agreeOnSlots(seen),
    covered: SLOT_COUNT - countSlots(unowned),
    uncovered: formatSlots(unowned),
    open: seen.flatMap(openOf),
    flaws: flawsAmong(seen),
    flaws_known_until: flawTable().date,
    findings: verify(cluster, views, { placement: declared }).map(({ code, message, nodes }) => ({
      code,
      message,
      nodes,
    })),
  };
}

function nodeOf(
  { view, facts }: Look,
  views: readonly NodeView[],
  offsets: ReadonlyMap<string, number | null | undefined>,
): PicturedNode {
  const place = { name: nodeName(view.node), endpoint: endpoint(view.node), zone: view.node.zone ?? null };
  if (!view.seen) return { ...place, ...UNKNOWN, problem: view.problem };
  const { masterId } = view.self;
  const isReplica = view.role === 'replica';
  const master = views.find((other) => other.seen && other.self.id === masterId);
  const ahead = isReplica && masterId !== undefined ? offsets.get(masterId) : undefined;
  const own = facts?.replication.offset;
  return {
    ...place,
    id: view.self.id,
    role: view.role,
    problem: null,
    slots: formatSlots(view.self.slots),
    slot_count: countSlots(view.self.slots),
    master_id: isReplica ? (masterId ?? null) : null,
    replica_of: isReplica ? (master ? nodeName(master.node) : (masterId ?? null)) : null,
    link: isReplica ? (view.linkUp ? 'up' : 'down') : null,
    lag: typeof ahead === 'number' && typeof own === 'number' ? Math.max(0, ahead - own) : null,
    state_ok: view.stateOk,
    keys: view.keys,
    memory: facts?.memory.used ?? null,
    max_memory: facts?.memory.max ?? null,
    clients: facts?.clients.connected ?? null,
    uptime: facts?.uptime_seconds ?? null,
    version: view.version,
  };
}

const UNKNOWN = {
  id: null,
  role: null,
  slots: '',
  slot_count: 0,
  master_id: null,
  replica_of: null,
  link: null,
  lag: null,
  state_ok: false,
  keys: 0,
  memory: null,
  max_memory: null,
  clients: null,
  uptime: null,
  version: null,
} as const;

function flawsAmong(seen: readonly SeenNode[]): ClusterPicture['flaws'] {
  const versions = new Map(seen.map((view) => [nameVersion(view), view]));
  return [...versions].flatMap(([version, one]) => {
    const ids = flawsOf(one).map(({ id }) => id);
    if (ids.length === 0) return [];
    const nodes = seen.filter((view) => nameVersion(view) === version).map(({ node }) => nodeName(node));
    const mended = mendedVersion(one);
    return [{ version, nodes, ids, mended: mended ? nameVersion({ flavor: one.flavor, version: mended }) : null }];
  });
}

function openOf({ node, self }: SeenNode): OpenSlots[] {
  const place = { node: nodeName(node), endpoint: endpoint(node) };
  return (['migrating', 'importing'] as const).flatMap((state) => {
    const slots = [...self[state].keys()];
    return slots.length === 0 ? [] : [{ ...place, state, slots }];
  });
}
