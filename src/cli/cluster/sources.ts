import { InputError } from '../../errors/errors.ts';
import type { Inventory, VarLayer } from '../../inventory/contract.ts';
import { loadInventory } from '../../inventory/inventory.ts';
import { membersOf } from '../../redis/cluster/discover.ts';
import type { DeclaredCluster, DeclaredNode } from '../../redis/cluster/topology.ts';
import { isSocketPath } from '../../redis/node/node-place.ts';
import type { ClusterPicture } from '../../report/cluster-picture.ts';
import { canonicalAddress } from '../../template/address.ts';
import type { Scope } from '../../template/values.ts';
import type { Target } from '../../transport/contract.ts';
import { hostTarget, inventoryScope, type Login } from '../host-target.ts';
import { inventorySources } from '../load.ts';
import { mask } from '../terminal.ts';
import { Asker } from './asker.ts';
import { loginIn } from './node-login.ts';
import { type Look, pictureOf } from './picture.ts';

/** Something that a cluster can be looked at through, again and again. */
export interface Source {
  look(): Promise<ClusterPicture>;
  /** The same, as the engine of clusters knows it. */
  survey(): Promise<{ readonly cluster: DeclaredCluster; readonly looks: readonly Look[] }>;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly extra: VarLayer;
  readonly login: Login;
  readonly redisPassword: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const GROUPS = ['redis', 'redis_leaving'];

/** The cluster that an inventory declares, every node asked from its own host. */
export async function inventorySource(given: readonly string[], options: SourceOptions): Promise<Source> {
  const sources = inventorySources(given);
  const inventory = await loadInventory(sources);
  const hosts = [...new Set(GROUPS.flatMap((group) => inventory.groups.get(group)?.hosts ?? []))];
  if (hosts.length === 0) throw inputError('no-hosts', `there is no host in group redis of ${sources.join(', ')}`);
  const scopes = new Map(hosts.map((host) => [host, inventoryScope(inventory, host, options.extra)]));
  const first = scopes.get(hosts[0] ?? '') as Scope;
  const nodes = hosts.flatMap((host) => nodesOn(host, scopes.get(host) as Scope, options));
  const cluster: DeclaredCluster = {
    name: String(first.lookup('redis_cluster_name') ?? 'main'),
    replicas: Number(first.lookup('redis_replicas') ?? 1),
    placement: placementOf(first.lookup('redis_placement')),
    masters: numberOf(first.lookup('redis_masters')),
    // 0: every node keeps its own.
    nodeTimeoutMs: numberOf(first.lookup('redis_node_timeout')) || undefined,
    nodes,
    allow: [],
  };
  const targets = wayToHosts(inventory, hosts, options);
  const asker = new Asker((host) => targets.get(host) as Target, options.signal);
  const survey = async () => {
    const looks = await Promise.all(nodes.map((node) => asker.look(node)));
    return { cluster: { ...cluster, nodes: looks.map(({ view }) => view.node) }, looks };
  };
  return {
    survey,
    async look() {
      const found = await survey();
      return pictureOf(found.cluster, found.looks, `inventory ${sources.join(', ')}`, true);
    },
    close: () => asker.close(),
  };
}

function nodesOn(host: string, scope: Scope, options: SourceOptions): DeclaredNode[] {
  const text = (name: string): string | undefined => {
    const value = scope.lookup(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  const login = loginIn((name) => scope.lookup(name), options);
  const ports = scope.lookup('redis_ports') ?? [6379];
  const own = text('redis_address');
  const bound = text('redis_bind')?.split(/\s+/)[0]?.replace(/^-/, '');
  const heard =
    bound !== undefined && !/^(\*|0\.0\.0\.0|::\*?)$/.test(bound) ? bound : own?.startsWith('127.') ? own : LOOPBACK;
  return (Array.isArray(ports) ? ports : [ports]).map((port) => ({
    host,
    address: canonicalAddress(text('redis_announce') ?? own ?? text('ansible_host') ?? host),
    at: isDirect(scope) ? undefined : heard,
    port: Number(port),
    zone: text('zone'),
    ...login,
    renamed: renamedOf(scope.lookup('redis_renamed_commands')),
  }));
}

/** Whether the host's nodes are asked from this machine, and not through SSH. */
function isDirect(scope: Scope): boolean {
  return scope.lookup('redis_via') === 'direct';
}

/** The names are kept as secret as passwords: whoever renames a command means to keep it from others. */
function renamedOf(value: unknown): DeclaredNode['renamed'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const names = Object.entries(value).map(([command, name]) => [command, String(name)] as const);
  for (const [, name] of names) mask.add(name);
  return Object.fromEntries(names);
}

const LOOPBACK = '127.0.0.1';

function wayToHosts(inventory: Inventory, hosts: readonly string[], options: SourceOptions): Map<string, Target> {
  const { extra, timeoutMs, login } = options;
  const targets = hosts.map((host) => hostTarget(inventory, host, extra, timeoutMs, login));
  for (const { password } of targets) if (password !== undefined) mask.add(password);
  return new Map(
    targets.map((target) => {
      const direct = isDirect(inventoryScope(inventory, target.name, extra));
      return [target.name, direct ? { ...target, connection: 'local' } : target];
    }),
  );
}

function placementOf(value: unknown): DeclaredCluster['placement'] {
  return value === 'hosts' || value === 'redis-cli' ? value : 'zones';
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** A cluster known by one of its nodes: asked from this machine, or from an SSH host that reaches them all. */
export async function seedSource(
  seed: string,
  via: { readonly host: string | undefined; readonly inventory: readonly string[] },
  options: SourceOptions,
): Promise<Source> {
  const { vars } = options.extra;
  const renamed = renamedOf(vars.redis_renamed_commands);
  const node = { ...parseSeed(seed), ...loginIn((name) => vars[name], options), renamed };
  const target = await wayThrough(via.host, via.inventory, options);
  const asker = new Asker(() => target, options.signal);
  const survey = async () => {
    const first = named(await asker.look(node));
    const others = first.view.seen ? membersOf(first.view).slice(1) : [];
    const looks = [first, ...(await Promise.all(others.map((member) => asker.look(member))))];
    const nodes = looks.map((look) => look.view.node);
    // Nobody declared how many replicas there should be, or where.
    const cluster: DeclaredCluster = { name: seed, replicas: 0, placement: 'redis-cli', nodes, allow: [] };
    return { cluster, looks };
  };
  return {
    survey,
    async look() {
      const { cluster, looks } = await survey();
      return pictureOf(cluster, looks, `node ${seed}`, false);
    },
    close: () => asker.close(),
  };
}

/** A node that is known by its socket tells where the others find it. */
function named(look: Look): Look {
  const { view } = look;
  if (view.node.at === undefined || !view.seen) return look;
  const { hostname, address } = view.self;
  return { ...look, view: { ...view, node: { ...view.node, host: hostname ?? (address || LOOPBACK) } } };
}

/** `host:port`, `[::1]:port`, the path of a unix socket; the port of a Redis when there is none. */
function parseSeed(seed: string): Pick<DeclaredNode, 'host' | 'address' | 'port' | 'at'> {
  if (isSocketPath(seed)) return { host: LOOPBACK, address: LOOPBACK, port: 6379, at: seed };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(seed) ?? [];
  const address = bracketed ?? plain;
  const number = Number(port ?? 6379);
  if (address === undefined || number < 1 || number > 65535) {
    throw inputError(
      'seed',
      `'${seed}' is no address of a node: give HOST:PORT, [IPV6]:PORT, or the path of its unix socket`,
    );
  }
  return { host: canonicalAddress(address), address: canonicalAddress(address), port: number };
}

/** A host of a given inventory, with what it says of how to get there, else one as `ssh` knows it. */
async function wayThrough(
  via: string | undefined,
  given: readonly string[],
  { extra, login, timeoutMs }: SourceOptions,
): Promise<Target> {
  if (via !== undefined && given.length > 0) {
    const inventory = await loadInventory(inventorySources(given));
    if (inventory.hosts.has(via)) return hostTarget(inventory, via, extra, timeoutMs, login);
  }
  const [, user, host = '', port] = /^(?:([^@]+)@)?(.+?)(?::(\d+))?$/.exec(via ?? '') ?? [];
  return {
    name: via ?? 'this machine',
    connection: via === undefined ? 'local' : 'ssh',
    address: host,
    port: numberOf(port),
    user: user ?? login.user,
    password: login.password,
    privateKeyFile: login.privateKey,
    sshOptions: {},
    acceptNewHostKeys: false,
    agentSocket: login.agentSocket,
    connectTimeoutMs: timeoutMs,
  };
}

function inputError(code: string, message: string): InputError {
  return new InputError([{ severity: 'error', code, message, hint: undefined }]);
}
