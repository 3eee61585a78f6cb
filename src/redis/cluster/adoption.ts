import { canonicalAddress } from '../../template/address.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { placementGaps } from '../place/place.ts';
import { type DeclaredCluster, masterCount, nodeName } from './topology.ts';
import { observedShards, verify } from './verify.ts';

/** A cluster that somebody else built, in the words of an inventory. */
export interface Adoption {
  readonly hosts: Readonly<Record<string, AdoptedHost>>;
  readonly vars: Readonly<Record<string, string | number>>;
  /** Why it cannot be taken over as it is; each a sentence. */
  readonly refusals: readonly string[];
  /** What its owner should know: nothing of it stands against taking it over. */
  readonly warnings: readonly string[];
}

interface AdoptedHost {
  readonly ansible_host: string;
  readonly redis_address: string;
  readonly redis_bind: string;
  readonly redis_ports: readonly number[];
  /** By port, what it takes to stop and start the node as its owner does. */
  readonly redis_nodes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** How the process of a node is run, as its host shows it. */
export interface OwnProcess {
  /** The systemd unit whose main process it is. */
  readonly unit: string | undefined;
  readonly user: string | undefined;
  /** Whether its configuration file sets a password; undefined where the file cannot be read or leaves it to another. */
  readonly passwordInFile: boolean | undefined;
}

export interface Adoptee {
  readonly view: NodeView;
  readonly facts: NodeFacts | undefined;
  /** Directive `bind`, where the node tells it. */
  readonly bind?: readonly string[] | undefined;
  readonly own?: OwnProcess | undefined;
}

/** What an inventory must say for a plan on it to change nothing. */
export function adoptionOf(name: string, cluster: DeclaredCluster, adoptees: readonly Adoptee[]): Adoption {
  const views = adoptees.map(({ view }) => view);
  const seen = views.filter((view) => view.seen);
  const shards = observedShards(seen);
  const replicas = shards.length === 0 ? 0 : Math.min(...shards.map((shard) => shard.replicas.length));
  const even: DeclaredCluster = { ...cluster, replicas };
  const declared = { ...even, masters: shards.length };
  const timeouts = [...new Set(seen.flatMap(({ nodeTimeoutMs }) => nodeTimeoutMs ?? []))];
  const username = views[0]?.node.auth?.username;
  const spread = placementGaps({ ...declared, placement: 'hosts' }, shards).length === 0;
  return {
    hosts: hostsOf(adoptees),
    vars: {
      redis_cluster_name: name,
      redis_replicas: replicas,
      ...(masterCount(even) === shards.length ? {} : { redis_masters: shards.length }),
      redis_placement: spread ? 'zones' : 'redis-cli',
      redis_node_timeout: timeouts.length === 1 ? (timeouts[0] ?? 0) : 0,
      redis_install: 'existing',
      ...(username === undefined ? {} : { redis_username: username }),
    },
    refusals: verify(declared, views, { placement: false }).map(({ message }) => message),
    warnings: [...unequalTimeouts(timeouts), ...adoptees.flatMap(concerns)],
  };
}

function unequalTimeouts(timeouts: readonly number[]): string[] {
  if (timeouts.length < 2) return [];
  const values = timeouts.toSorted((a, b) => a - b).join(', ');
  return [
    `the nodes have several values of cluster-node-timeout (${values}) and keep them; with redis_node_timeout all get one`,
  ];
}

/** What its owner will notice when the process is started anew. */
function concerns({ view, facts, own }: Adoptee): string[] {
  if (!view.seen || own === undefined) return [];
  const name = nodeName(view.node);
  const told: string[] = [];
  if (!facts?.config_file) {
    told.push(`${name} was started without a configuration file: it is neither stopped nor started by rcdeploy`);
  } else if (own.unit === undefined) {
    told.push(`${name} runs under no systemd unit: it will not start by itself at boot`);
  }
  if (view.node.auth !== undefined && own.passwordInFile === false) {
    told.push(
      `${name} has a password that its file ${facts?.config_file ?? ''} does not have: started anew, it would be open to all and its replicas could not follow. CONFIG REWRITE on it keeps the password`,
    );
  }
  return told;
}

function hostsOf(adoptees: readonly Adoptee[]): Adoption['hosts'] {
  const hosts = new Map<string, AdoptedHost>();
  for (const adoptee of adoptees) {
    const { view } = adoptee;
    if (!view.seen) continue;
    const { address } = view.node;
    const known = hosts.get(address);
    hosts.set(address, {
      ansible_host: address,
      redis_address: address,
      redis_bind: listensAt(address, adoptee.bind),
      redis_ports: [...(known?.redis_ports ?? []), view.node.port].sort((a, b) => a - b),
      redis_nodes: { ...known?.redis_nodes, [view.node.port]: told(view, adoptee) },
    });
  }
  const names = new Map(adoptees.map(({ view }) => [view.node.address, nameFor(view)]));
  return Object.fromEntries([...hosts].map(([address, host]) => [names.get(address) ?? address, host]));
}

/** Where its own host finds it: behind NAT a host may not reach itself by the address that the others use. */
function listensAt(address: string, bind: readonly string[] | undefined): string {
  const bound = bind?.map((word) => canonicalAddress(word.replace(/^-/, '')));
  if (bound === undefined || bound.includes(address)) return address;
  if (bound.length === 0 || bound.some((word) => word === '*' || word === '0.0.0.0')) return '127.0.0.1';
  const [first = address] = bound;
  return /^::\*?$/.test(first) ? '::1' : first;
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

function told(view: SeenNode, { facts, own }: Adoptee): Readonly<Record<string, string>> {
  const { config_file: config, executable: server } = facts ?? {};
  const words = { config, server, unit: own?.unit, user: own?.user, version: `${view.flavor} ${view.version}` };
  const plain = Object.entries(words).filter((entry): entry is [string, string] => isPlain(entry[1]));
  return Object.fromEntries(own && own.unit === undefined ? [...plain, ['supervisor', 'daemonize']] : plain);
}
