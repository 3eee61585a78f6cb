import type { RollingNode } from './rolling-node.ts';

export type RollingStep =
  /** A node that is down comes back as what is installed. */
  | { readonly do: 'start'; readonly node: string }
  /** A replica, or a master that nobody can take over from and that may be missing for a while. */
  | { readonly do: 'restart'; readonly node: string }
  /** `node` takes over from `master`, which may be restarted then. */
  | { readonly do: 'fail-over'; readonly node: string; readonly master: string };

export interface RollingOptions {
  /** Nodes to restart, with the version that they will run then (undefined: as now). */
  readonly targets: ReadonlyMap<string, string | undefined>;
  /** Shards that are worked on at once, and nodes of one zone that may be away at once. */
  readonly parallel: number;
  readonly perZone: number;
  /** The node whose restart everything else waits for; true: the first there is. */
  readonly canary: string | boolean;
  /** Masters without replicas that may be restarted: their slots are not served meanwhile. */
  readonly allowOutage: ReadonlySet<string>;
  /** Can a replica of that version load what a master of the other sends? */
  readonly canFollow: (replica: string, master: string) => boolean;
}

/** Steps of one wave are in different shards, may run at once, and are all over before the next wave. */
export type Wave = readonly RollingStep[];

export interface RollingPlan {
  readonly waves: readonly Wave[];
  readonly refusals: readonly string[];
}

/**
 * Replicas first, then a failover, then the old master, never two nodes of a shard at once. The executor carries out the
 * first wave only and plans again from what it then sees, so the later waves are a forecast.
 */
export function planRolling(nodes: readonly RollingNode[], options: RollingOptions): RollingPlan {
  const refusals = refusalsOf(nodes, options);
  if (refusals.length > 0) return { waves: [], refusals };
  const waves: Wave[] = [];
  const targets = new Map(options.targets);
  let state = nodes;
  // Each node is started, failed over from and restarted at most once each.
  for (let round = 0; round <= nodes.length * 3; round += 1) {
    // The first wave of all is the canary's; a named one is one until it was restarted.
    const canary = options.canary === true ? waves.length === 0 : options.canary;
    const now = { ...options, targets, canary };
    const wave = nextWave(state, now);
    if (wave.length === 0) return { waves, refusals: leftOver(targets, state, now) };
    waves.push(wave);
    for (const step of wave) {
      state = after(state, step, targets);
      if (step.do !== 'fail-over') targets.delete(step.node);
    }
  }
  return { waves: [], refusals: ['no order was found in which every node could be restarted'] };
}

function leftOver(
  targets: ReadonlyMap<string, string | undefined>,
  nodes: readonly RollingNode[],
  options: RollingOptions,
): string[] {
  return [...targets.keys()].map((name) => {
    const node = nodes.find((one) => one.name === name);
    const stuck = node ? obstacle(node, nodes, options) : undefined;
    return `${name} cannot be restarted: ${stuck ?? 'it is no node of the cluster'}`;
  });
}

function obstacle(node: RollingNode, nodes: readonly RollingNode[], options: RollingOptions): string {
  const shard = nodes.filter((one) => shardOf(one) === shardOf(node));
  const unlinked = shard.filter((one) => one.role === 'replica' && !one.down && !one.inSync).map(({ name }) => name);
  if (unlinked.length > 0) return `${unlinked.join(', ')} of its shard is not in sync`;
  const old = shard.filter((one) => one.role === 'replica' && !options.targets.has(one.name)).map(({ name }) => name);
  return `${old.join(', ') || 'a replica'} of its shard would run an older version than the new master and could not follow it`;
}

/** What stands against even beginning. */
function refusalsOf(nodes: readonly RollingNode[], { targets, allowOutage }: RollingOptions): string[] {
  return nodes.flatMap((node) => {
    if (!targets.has(node.name) || node.down || node.role !== 'master' || node.slots === 0) return [];
    if (nodes.some((one) => one.master === node.name)) return [];
    if (!allowOutage.has(node.name)) {
      return [
        `${node.name} is a master without a replica: nobody can serve its ${node.slots} slots while it restarts, unless allow_outage names it`,
      ];
    }
    return node.perishable === undefined ? [] : [`${node.name} ${node.perishable}: a restart would lose its keys`];
  });
}

function shardOf(node: RollingNode): string {
  return node.master ?? node.name;
}

/** The steps that may be taken at once now; empty: nothing is left, or nothing can go on. */
function nextWave(nodes: readonly RollingNode[], options: RollingOptions): RollingStep[] {
  const shards = new Map<string, RollingNode[]>();
  for (const node of nodes) shards.set(shardOf(node), [...(shards.get(shardOf(node)) ?? []), node]);
  const steps = [...shards.values()].flatMap((members) => nextStep(members, options) ?? []);
  // Before anybody else is taken away, who is away comes back.
  const starts = steps.filter((step) => step.do === 'start');
  if (starts.length > 0) return capped(starts, nodes, options);
  const first = steps.find((step) => isCanary(step, nodes, options));
  if (first && options.canary !== false) return [first];
  return capped(steps, nodes, options);
}

/** As long as a named canary is due, only its shard moves. */
function isCanary(step: RollingStep, nodes: readonly RollingNode[], { canary, targets }: RollingOptions): boolean {
  if (typeof canary === 'boolean') return canary;
  const named = nodes.find(({ name }) => name === canary);
  const own = nodes.find(({ name }) => name === step.node);
  return targets.has(canary) && named !== undefined && own !== undefined && shardOf(named) === shardOf(own);
}

function nextStep(members: readonly RollingNode[], options: RollingOptions): RollingStep | undefined {
  const down = members.find((node) => node.down && node.role === 'master') ?? members.find((node) => node.down);
  if (down) return { do: 'start', node: down.name };
  const master = members.find(({ role }) => role === 'master');
  const replicas = members.filter(({ role }) => role === 'replica');
  if (replicas.some(({ inSync }) => !inSync)) return undefined;
  const due = replicas.filter(({ name }) => options.targets.has(name));
  const replica = due.find(({ name }) => name === options.canary) ?? due[0];
  if (replica) return { do: 'restart', node: replica.name };
  if (!master || !options.targets.has(master.name)) return undefined;
  if (replicas.length === 0) return { do: 'restart', node: master.name };
  const heir = replicas
    .filter((one) => replicas.every((other) => follows(other, one, options)))
    .reduce<RollingNode | undefined>((best, one) => (best && best.offset >= one.offset ? best : one), undefined);
  return heir && { do: 'fail-over', node: heir.name, master: master.name };
}

function follows(replica: RollingNode, master: RollingNode, { canFollow }: RollingOptions): boolean {
  if (replica.version === undefined || master.version === undefined) return true;
  return canFollow(replica.version, master.version);
}

function capped(steps: readonly RollingStep[], nodes: readonly RollingNode[], options: RollingOptions): RollingStep[] {
  const taken: RollingStep[] = [];
  const away = new Map<string, number>();
  for (const step of steps) {
    if (taken.length === options.parallel) break;
    const zone = nodes.find(({ name }) => name === step.node)?.zone ?? '';
    // A failover takes nobody away.
    const weight = step.do === 'fail-over' ? 0 : 1;
    const sum = (away.get(zone) ?? 0) + weight;
    if (sum > options.perZone) continue;
    away.set(zone, sum);
    taken.push(step);
  }
  return taken;
}

/** What a step leads to when all goes well. */
function after(
  nodes: readonly RollingNode[],
  step: RollingStep,
  targets: ReadonlyMap<string, string | undefined>,
): RollingNode[] {
  return nodes.map((node): RollingNode => {
    if (step.do === 'fail-over') {
      if (node.name === step.node) {
        const slots = nodes.find(({ name }) => name === step.master)?.slots ?? 0;
        return { ...node, role: 'master', master: undefined, slots };
      }
      if (node.name === step.master) return { ...node, role: 'replica', master: step.node, slots: 0, inSync: true };
      return node.master === step.master ? { ...node, master: step.node } : node;
    }
    if (node.name !== step.node) return node;
    return { ...node, down: false, inSync: true, version: targets.get(node.name) ?? node.version };
  });
}

/** One line for people. */
export function describeRolling(step: RollingStep): string {
  if (step.do === 'fail-over') return `${step.node}: take over from ${step.master}`;
  return step.do === 'start' ? `${step.node}: start, it is down` : `${step.node}: restart`;
}
