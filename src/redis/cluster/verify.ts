import type { MemberLine } from '../node/nodes-line.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { place, placementGaps } from '../place/place.ts';
import { compareScores, type Shard, scoreOf } from '../place/placement-score.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots, formatSlots, SLOT_COUNT } from '../slots/slots.ts';
import { declaredAs, lineOf, place as nameOf } from './classify.ts';
import { isAt } from './members.ts';
import { TEMPORARY_NODE_TIMEOUT_MS } from './steps.ts';
import { type DeclaredCluster, masterCount, nodeName, stayingOf } from './topology.ts';

/** Something that keeps the cluster from being as declared. */
export interface Finding {
  readonly code: string;
  /** One sentence that names the nodes. */
  readonly message: string;
  readonly nodes: readonly string[];
  /** Gossip, a sync or a node that comes back may end it without a change from outside. */
  readonly mayPass: boolean;
}

/** Compares every node's own view with all the others' and with what is declared. Empty: verified (but for the canary). */
export function verify(
  cluster: DeclaredCluster,
  observed: readonly NodeView[],
  options: { readonly placement: boolean; readonly version?: string | undefined },
): Finding[] {
  const views = stayingOf(cluster, observed);
  const seen = views.filter((view) => view.seen);
  const findings = views.flatMap((view) =>
    view.seen ? [] : [finding('unreachable', view, `${nameOf(view)} ${view.problem}`, true)],
  );
  // Of a cluster that nobody could be asked about nothing else is known: its slots may well have owners.
  if (seen.length === 0) return findings;
  for (const view of seen) findings.push(...ownFindings(cluster, view, seen, options.version));
  findings.push(
    ...membership(cluster, seen, observed),
    ...opinions(seen),
    ...coverage(seen),
    ...shardFindings(cluster, seen),
  );
  if (options.placement && seen.length === views.length) findings.push(...placementFindings(cluster, seen));
  return findings;
}

function finding(code: string, view: NodeView, message: string, mayPass: boolean): Finding {
  return { code, message, nodes: [nodeName(view.node)], mayPass };
}

/** What a node says of itself. */
function ownFindings(cluster: DeclaredCluster, view: SeenNode, seen: readonly SeenNode[], version?: string): Finding[] {
  const findings: Finding[] = [];
  const say = (code: string, text: string, mayPass: boolean): number =>
    findings.push(finding(code, view, `${nameOf(view)} ${text}`, mayPass));
  if (!view.stateOk) say('state', 'says cluster_state:fail', true);
  if (view.role === 'replica' && !view.linkUp) {
    const master = seen.find((other) => other.self.id === view.self.masterId);
    const from = master ? nameOf(master) : (view.self.masterId ?? 'nobody');
    say(
      'link',
      `${view.syncing ? 'is still loading the data of' : 'has no replication link to'} its master ${from}`,
      true,
    );
  }
  if (view.self.migrating.size > 0)
    say('open-slot', `is giving slots away: ${[...view.self.migrating.keys()].join(', ')}`, false);
  if (view.self.importing.size > 0)
    say('open-slot', `is taking slots over: ${[...view.self.importing.keys()].join(', ')}`, false);
  if (version !== undefined && view.version !== version)
    say('version', `runs ${view.flavor} ${view.version}, declared is ${version}`, false);
  if (view.nodeTimeoutMs === TEMPORARY_NODE_TIMEOUT_MS) {
    say(
      'temporary-setting',
      `still has the temporary cluster-node-timeout ${TEMPORARY_NODE_TIMEOUT_MS} of an interrupted run`,
      false,
    );
  } else if (
    cluster.nodeTimeoutMs !== undefined &&
    view.nodeTimeoutMs !== undefined &&
    view.nodeTimeoutMs !== cluster.nodeTimeoutMs
  ) {
    say('node-timeout', `has cluster-node-timeout ${view.nodeTimeoutMs}, declared is ${cluster.nodeTimeoutMs}`, false);
  }
  return findings;
}

const BAD_FLAGS = ['fail', 'fail?', 'handshake', 'noaddr'] as const;

/** Who knows whom, and in what condition; grouped by the node spoken of, so that a dead node is one finding. */
function membership(cluster: DeclaredCluster, seen: readonly SeenNode[], observed: readonly NodeView[]): Finding[] {
  const ids = new Map(observed.flatMap((view) => (view.seen ? [[view.self.id, view] as const] : [])));
  const leaving = new Set((cluster.leaving ?? []).map(nodeName));
  const grouped = new Map<string, { code: string; said: string; by: SeenNode[] }>();
  const note = (code: string, said: string, by: SeenNode): void => {
    const entry = grouped.get(said);
    if (entry) entry.by.push(by);
    else grouped.set(said, { code, said, by: [by] });
  };
  for (const view of seen) {
    for (const other of seen) {
      if (other !== view && !lineOf(view, other.self.id)) note('unknown', `${nameOf(other)} is unknown to`, view);
    }
    for (const line of view.others) {
      const known = ids.get(line.id);
      const declared = declaredAs(cluster, line, ids);
      const name = known ? nameOf(known) : (declared ?? `${line.address}:${line.port} (${line.id}, not declared)`);
      const bad = BAD_FLAGS.filter((flag) => line.flags.has(flag));
      if (declared !== undefined && leaving.has(declared))
        note('leaving', `${name}, which shall leave, is known by`, view);
      else if (bad.length > 0) note('flags', `${name} is seen as ${bad.join(', ')} by`, view);
      else if (!line.connected) note('disconnected', `${name} has no bus connection from`, view);
      else if (known && !isAt(line, known.node))
        note('address', `${name} is looked for at ${line.address}:${line.port} by`, view);
      else if (!known && declared === undefined) note('stranger', `${name} is known by`, view);
    }
  }
  return [...grouped.values()].map(({ code, said, by }) => ({
    code,
    message: `${said} ${by.length > 3 && by.length >= seen.length - 1 ? `all ${by.length} others` : by.map(nameOf).join(', ')}`,
    nodes: by.map((view) => nodeName(view.node)),
    mayPass: code !== 'stranger' && code !== 'address' && code !== 'leaving',
  }));
}

/** Roles and slots: what each node believes of another against what that one says of itself. */
export function opinions(seen: readonly SeenNode[]): Finding[] {
  const findings: Finding[] = [];
  for (const other of seen) {
    const wrong = seen.flatMap((view) => {
      const line = view === other ? undefined : lineOf(view, other.self.id);
      if (!line || line.flags.has('handshake')) return [];
      const differs = differences(line, other);
      return differs.length > 0 ? [`${nameOf(view)} believes ${differs.join(' and ')}`] : [];
    });
    if (wrong.length > 0) {
      findings.push(
        finding('disagreement', other, `there is no agreement on ${nameOf(other)}: ${wrong.join('; ')}`, true),
      );
    }
  }
  return findings;
}

function differences(line: MemberLine, other: SeenNode): string[] {
  const found: string[] = [];
  const role = line.flags.has('slave') || line.flags.has('replica') ? 'replica' : 'master';
  if (role !== other.role) found.push(`it is a ${role} (it says ${other.role})`);
  else if (line.masterId !== other.self.masterId)
    found.push(`it replicates ${line.masterId ?? 'a node that is not known'} (it says ${other.self.masterId})`);
  const [believed, own] = [formatSlots(line.slots), formatSlots(other.self.slots)];
  if (believed !== own) found.push(`it owns slots ${believed || 'none'} (it says ${own || 'none'})`);
  return found;
}

function coverage(seen: readonly SeenNode[]): Finding[] {
  const { unowned, contested, claimants } = ownershipOf(seen);
  const findings: Finding[] = [];
  if (unowned.length > 0) {
    const text = `${countSlots(unowned)} of ${SLOT_COUNT} slots have no owner: ${formatSlots(unowned)}`;
    findings.push({ code: 'coverage', message: text, nodes: [], mayPass: false });
  }
  if (contested.length > 0) {
    const text = `slots ${formatSlots(contested)} are claimed by several nodes: ${claimants.map(nameOf).join(', ')}`;
    const nodes = claimants.map((view) => nodeName(view.node));
    findings.push({ code: 'contested', message: text, nodes, mayPass: true });
  }
  return findings;
}

/** The shards as the nodes themselves say. */
export function observedShards(seen: readonly SeenNode[]): Shard[] {
  return seen.flatMap((view, master) => {
    if (view.role !== 'master') return [];
    const replicas = seen.flatMap((other, index) =>
      other.role === 'replica' && other.self.masterId === view.self.id ? [index] : [],
    );
    return view.self.slots.length > 0 || replicas.length > 0 ? [{ master, replicas }] : [];
  });
}

function shardFindings(cluster: DeclaredCluster, seen: readonly SeenNode[]): Finding[] {
  const shards = observedShards(seen);
  const findings = shards.flatMap(({ master, replicas }) => {
    const view = seen[master];
    if (!view || replicas.length >= cluster.replicas) return [];
    return [
      finding(
        'replicas',
        view,
        `${nameOf(view)} has ${replicas.length} replicas, declared are ${cluster.replicas}`,
        false,
      ),
    ];
  });
  const owners = shards.filter(({ master }) => (seen[master]?.self.slots.length ?? 0) > 0).length;
  if (owners < Math.min(3, masterCount(cluster))) {
    findings.push({
      code: 'masters',
      message: `${owners} masters own slots; a cluster needs three`,
      nodes: [],
      mayPass: false,
    });
  }
  return findings;
}

/** Only what the same nodes could do better is a finding. */
function placementFindings(cluster: DeclaredCluster, seen: readonly SeenNode[]): Finding[] {
  if (cluster.placement === 'redis-cli') return [];
  const nodes =
    cluster.placement === 'zones' ? cluster.nodes : cluster.nodes.map((node) => ({ ...node, zone: undefined }));
  const shards = observedShards(seen);
  const ideal = place(
    { ...cluster, masters: shards.length },
    seen.map(() => ({ is: 'free' }) as const),
  );
  const [now, possible] = [scoreOf(nodes, shards).slice(0, 3), scoreOf(nodes, ideal).slice(0, 3)];
  if (compareScores(now, possible) <= 0) return [];
  return placementGaps(cluster, shards).map((message) => ({ code: 'placement', message, nodes: [], mayPass: false }));
}
