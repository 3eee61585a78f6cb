import type { NodeFacts } from '../node/node-facts.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { placementGaps } from '../place/place.ts';
import type { DeclaredCluster } from './topology.ts';
import { observedShards, verify } from './verify.ts';

/** A cluster that somebody else built, in the words of an inventory. */
export interface Adoption {
  readonly hosts: Readonly<Record<string, AdoptedHost>>;
  readonly vars: Readonly<Record<string, string | number>>;
  /** Why it cannot be taken over as it is; each a sentence. */
  readonly refusals: readonly string[];
}

interface AdoptedHost {
  readonly ansible_host: string;
  readonly redis_address: string;
  readonly redis_bind: string;
  readonly redis_ports: readonly number[];
  /** What the nodes say of themselves, for people; nothing here works with it. */
  readonly redis_nodes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Adoptee {
  readonly view: NodeView;
  readonly facts: NodeFacts | undefined;
}

/** What an inventory must say for a plan on it to change nothing. */
export function adoptionOf(name: string, cluster: DeclaredCluster, adoptees: readonly Adoptee[]): Adoption {
  const views = adoptees.map(({ view }) => view);
  const seen = views.filter((view) => view.seen);
  const shards = observedShards(seen);
  const replicas = Math.min(...shards.map((shard) => shard.replicas.length));
  const declared: DeclaredCluster = {
    ...cluster,
    replicas: Number.isFinite(replicas) ? replicas : 0,
    masters: shards.length,
  };
  const refusals = verify(declared, views, { placement: false }).map(({ message }) => message);
  const timeouts = [...new Set(seen.flatMap(({ nodeTimeoutMs }) => nodeTimeoutMs ?? []))];
  if (timeouts.length > 1) {
    refusals.push(
      `the nodes have several values of cluster-node-timeout: ${timeouts.join(', ')}; set one on all of them`,
    );
  }
  if (Math.floor(seen.length / (declared.replicas + 1)) !== shards.length) {
    refusals.push(
      `${shards.length} masters with at least ${declared.replicas} replicas each do not make ${seen.length} nodes: attach or remove replicas until all have as many`,
    );
  }
  const spread = placementGaps({ ...declared, placement: 'hosts' }, shards).length === 0;
  return {
    hosts: hostsOf(adoptees),
    vars: {
      redis_cluster_name: name,
      redis_replicas: declared.replicas,
      redis_placement: spread ? 'zones' : 'redis-cli',
      ...(timeouts[0] === undefined ? {} : { redis_node_timeout: timeouts[0] }),
      redis_install: 'existing',
    },
    refusals,
  };
}

function hostsOf(adoptees: readonly Adoptee[]): Adoption['hosts'] {
  const hosts = new Map<string, AdoptedHost>();
  for (const { view, facts } of adoptees) {
    if (!view.seen) continue;
    const { address } = view.node;
    const known = hosts.get(address);
    hosts.set(address, {
      ansible_host: address,
      redis_address: address,
      redis_bind: address,
      redis_ports: [...(known?.redis_ports ?? []), view.node.port].sort((a, b) => a - b),
      redis_nodes: { ...known?.redis_nodes, [view.node.port]: told(view, facts) },
    });
  }
  const names = new Map(adoptees.map(({ view }) => [view.node.address, nameFor(view)]));
  return Object.fromEntries([...hosts].map(([address, host]) => [names.get(address) ?? address, host]));
}

/** The name that the node announces, else its address. */
function nameFor(view: NodeView): string {
  const hostname = view.seen ? view.self.hostname : undefined;
  return hostname !== undefined && /^[\w.-]+$/.test(hostname) ? hostname : view.node.address;
}

/** What a host says must not become a template of the inventory: a path with more than this in it is not told. */
function isPlain(path: string | null | undefined): path is string {
  return typeof path === 'string' && /^[\w./@:+, -]+$/.test(path);
}

function told(view: SeenNode, facts: NodeFacts | undefined): Readonly<Record<string, string>> {
  const { config_file, executable } = facts ?? {};
  return {
    ...(isPlain(config_file) ? { config: config_file } : {}),
    ...(isPlain(executable) ? { executable } : {}),
    ...(isPlain(view.version) ? { version: `${view.flavor} ${view.version}` } : {}),
  };
}
