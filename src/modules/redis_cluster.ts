import { isIP } from 'node:net';
import { TaskError } from '../errors/errors.ts';
import { canary } from '../redis/cluster/canary.ts';
import { objections } from '../redis/cluster/classify.ts';
import { form, refused } from '../redis/cluster/form.ts';
import { type ClusterPlan, hasChanges, planCluster, standingRefusals } from '../redis/cluster/plan.ts';
import { withoutLost } from '../redis/cluster/repair.ts';
import { observedLayout, plannedLayout, predictCluster, reportCluster } from '../redis/cluster/report.ts';
import { describeSteps } from '../redis/cluster/steps.ts';
import { allNodes, type DeclaredCluster, nodeName, stayingOf } from '../redis/cluster/topology.ts';
import { verify } from '../redis/cluster/verify.ts';
import { awaitSettled } from '../redis/cluster/wait.ts';
import { observeAll } from '../redis/node/cluster-io.ts';
import { type NodeView, observation, viewOf } from '../redis/node/observe.ts';
import { canonicalAddress } from '../template/address.ts';
import { Unknown } from '../template/values.ts';
import { clusterIo } from './cluster-context.ts';
import {
  hostsWithRecord,
  type Records,
  recordChanges,
  recordedForOthers,
  recordsIn,
  recordsQuestion,
  removeRecords,
  writeRecords,
} from './cluster-records.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisClusterArgs } from './generated/redis_cluster.ts';

type Views = readonly NodeView[];

interface State {
  readonly views: Views;
  readonly records: Records;
}

export const redisCluster: HostModule<RedisClusterArgs, State> = {
  kind: 'host',
  name: 'redis_cluster',
  fusable: false,
  passable: true,

  prepare(args) {
    const problems = inputProblems(args);
    if (problems.length > 0) throw new TaskError(problems.join('; '));
    return args;
  },

  read: (args) => ({
    nodes: allNodes(declare(args)).map((node) => observation(node)),
    elsewhere: hostsOf(args).map(recordsQuestion),
  }),

  parse: (answer, args) => ({
    views: allNodes(declare(args)).map((node, index) =>
      viewOf(node, answer.nodes[index] ?? { ok: false, kind: 'other', message: 'it was not asked' }),
    ),
    records: recordsIn(answer, hostsOf(args)),
  }),

  plan({ views, records }, args, env) {
    const cluster = withoutLost(declare(args, records), views);
    switch (args.state) {
      case 'possible':
        return planNothing([...standingRefusals(cluster, views), ...otherVersions(views, args)]);
      case 'ours':
        return planNothing(foreignNodes(cluster, views, records));
      case 'absent':
        return planRemoval(cluster, views, records, env);
      case 'verified':
        return planVerification(cluster, views, args, env);
      case 'present':
        return planForming(cluster, views, records, args, env);
    }
  },

  async apply(_plan, args, context, { records }) {
    const cluster = declare(args, records);
    if (args.state === 'absent') {
      await removeRecords(cluster, records, context);
      return {};
    }
    const io = clusterIo(context);
    if (args.wait) await awaitSettled(cluster, io, args.timeout * 1000);
    const formed =
      args.state === 'present'
        ? await form(cluster, await observeAll(cluster, io), io, {
            stallMs: args.timeout * 1000,
            latencyMs: args.latency_budget,
            probeWrites: args.canary,
          })
        : { views: await observeAll(cluster, io), steps: [], changed: false, flights: [] };
    const staying = stayingOf(cluster, formed.views);
    const recorded = args.state === 'present' ? await writeRecords(cluster, staying, records, context) : false;
    const findings = judge(cluster, formed.views, args);
    const seen = staying.filter((view) => view.seen);
    if (args.canary && findings.length === 0) findings.push(...(await canary(seen, io)));
    const result: Result = {
      ...told(cluster, formed.views),
      steps: formed.steps,
      findings,
      ...(formed.flights.length > 0 ? { flights: formed.flights } : {}),
      changed: formed.changed || recorded,
    };
    if (findings.length > 0) throw new TaskError(notVerified(cluster, findings), { details: result });
    return result;
  },
};

/** Placement that only a failover or a move could better is for `verified` to judge: a plain run never moves a role. */
function judge(cluster: DeclaredCluster, views: Views, args: RedisClusterArgs): string[] {
  const findings = verify(cluster, views, { placement: args.state === 'verified', version: args.version });
  return findings.map((finding) => finding.message);
}

/** Whatever is wrong with them, these nodes are not another cluster's. */
function foreignNodes(cluster: DeclaredCluster, views: Views, records: Records): string[] {
  const foreign = views.flatMap((view) => (view.seen ? objections(cluster, view, views).foreign : []));
  return [...foreign, ...recordedForOthers(cluster, views, records)];
}

/** The nodes themselves are for redis_server to remove; what is left of the cluster then is the record of it. */
function planRemoval(cluster: DeclaredCluster, views: Views, records: Records, env: PlanEnv): Plan {
  const running = views.flatMap((view) => (view.seen ? [`${nodeName(view.node)} still runs`] : []));
  // What the real run stops before still runs in check mode.
  if (running.length > 0 && !(env.check && env.changesPredicted)) return planNothing(running);
  const hosts = hostsWithRecord(cluster, records);
  if (hosts.length === 0) return { changes: [] };
  return {
    changes: [{ what: `record of cluster ${cluster.name} on ${hosts.join(', ')}`, before: 'present', after: 'absent' }],
  };
}

/** A plain run never replaces what serves: that takes the care of an upgrade. */
function otherVersions(views: Views, { version }: RedisClusterArgs): string[] {
  return views.flatMap((view) =>
    version !== undefined && view.seen && view.version !== version
      ? [
          `${nodeName(view.node)} runs ${view.flavor} ${view.version}, declared is ${version}: upgrade.yml takes it there`,
        ]
      : [],
  );
}

function planNothing(refusals: readonly string[]): Plan {
  return refusals.length > 0
    ? { changes: [], result: { refusals }, failed: refused(refusals).message }
    : { changes: [] };
}

function planVerification(cluster: DeclaredCluster, views: Views, args: RedisClusterArgs, env: PlanEnv): Plan {
  const findings = judge(cluster, views, args);
  const result: Result = { ...told(cluster, views), steps: [], findings };
  if (args.wait && findings.length > 0) {
    return env.check && env.changesPredicted ? unforeseeable(cluster) : { changes: [], result, applies: true };
  }
  if (findings.length > 0) return { changes: [], result, failed: notVerified(cluster, findings) };
  return args.canary ? { changes: [], result, applies: true } : { changes: [], result };
}

function planForming(
  cluster: DeclaredCluster,
  views: Views,
  records: Records,
  args: RedisClusterArgs,
  env: PlanEnv,
): Plan {
  const plan = planCluster(cluster, views);
  if (plan.refusals.length > 0) {
    // Before the first real run nothing listens yet: check mode then cannot know more than that a cluster will be formed.
    if (env.check && env.changesPredicted && views.every((view) => view.seen || view.kind === 'refused'))
      return unforeseeable(cluster);
    return {
      changes: [],
      result: { ...told(cluster, views), refusals: plan.refusals },
      failed: refused(plan.refusals).message,
    };
  }
  const steps = describeSteps(plan.steps);
  const changes = hasChanges(plan)
    ? [layoutChange(cluster, views, plan)]
    : steps.length === 0
      ? recordChanges(cluster, views, records)
      : [];
  const applies = steps.length > 0 || args.canary ? { applies: true as const } : {};
  const settled = steps.length === 0 ? judge(cluster, views, args) : [];
  const result: Result = {
    cluster: steps.length > 0 ? predictCluster(cluster, views, plan.shards, plan.steps) : reportCluster(cluster, views),
    steps,
    findings: settled,
    ...(changes.length > 0 ? { plan: plannedText(cluster, views, plan) } : {}),
  };
  if (settled.length > 0) return { changes, result, failed: notVerified(cluster, settled) };
  return { changes, result, unsafe: plan.warnings, ...applies };
}

function unforeseeable(cluster: DeclaredCluster): Plan {
  const why = 'the nodes do not run yet';
  const change: Change = { what: `cluster ${cluster.name}`, before: why, after: new Unknown(why) };
  return { changes: [change], result: { cluster: new Unknown(why), steps: new Unknown(why) } };
}

function layoutChange(cluster: DeclaredCluster, views: Views, plan: ClusterPlan): Change {
  const [before, after] = [observedLayout(views), plannedText(cluster, views, plan)];
  if (before !== after) return { what: `cluster ${cluster.name}`, before, after, text: true };
  const settings = describeSteps(plan.steps.filter((step) => step.do === 'set-timeout'));
  return { what: `cluster ${cluster.name}`, before: 'as observed', after: settings.join('\n') || 'joined' };
}

function plannedText(cluster: DeclaredCluster, views: Views, plan: ClusterPlan): string {
  return plannedLayout(stayingOf(cluster, views), plan.shards, plan.steps);
}

function told(cluster: DeclaredCluster, views: Views): { cluster: ReturnType<typeof reportCluster> } {
  return { cluster: reportCluster(cluster, views) };
}

function notVerified(cluster: DeclaredCluster, findings: readonly string[]): string {
  return `cluster ${cluster.name} is not as declared: ${findings.join('; ')}`;
}

/** What no schema can say, before anything is asked. */
function inputProblems(args: RedisClusterArgs): string[] {
  const problems: string[] = [];
  const endpoints = new Map<string, string>();
  for (const node of [...args.nodes, ...args.leaving]) {
    const name = `${node.host}:${node.port}`;
    const address = canonicalAddress(node.address);
    if (isIP(address) === 0) {
      problems.push(
        `${name}: address ${JSON.stringify(node.address)} is not an IP address; cluster nodes are introduced to each other by IP`,
      );
    }
    for (const key of new Set([`${address}:${node.port}`, name])) {
      const other = endpoints.get(key);
      if (other !== undefined) problems.push(`${name} and ${other} are both declared at ${key}`);
      endpoints.set(key, name);
    }
  }
  for (const { node } of args.allow) {
    if (!args.nodes.some((declared) => `${declared.host}:${declared.port}` === node)) {
      problems.push(`allow names ${node}, which is not among the nodes (host:port)`);
    }
  }
  for (const { host, ports } of args.lost) {
    const node = args.nodes.find((one) => one.host === host && (ports === undefined || ports.includes(one.port)));
    if (node) problems.push(`${host}:${node.port} is declared as a node and as lost: it can be only one of both`);
  }
  for (const name of Object.keys(args.weights)) {
    if (!args.nodes.some(({ host, port }) => name === host || name === `${host}:${port}`))
      problems.push(`weights names ${name}, which is neither a host of the nodes nor a node (host:port)`);
  }
  return problems;
}

function hostsOf(args: RedisClusterArgs): string[] {
  return [...new Set([...args.nodes, ...args.leaving].map(({ host }) => host))];
}

function declare(args: RedisClusterArgs, records?: Records): DeclaredCluster {
  return {
    name: args.name,
    replicas: args.replicas,
    masters: args.masters,
    placement: args.placement,
    nodeTimeoutMs: args.node_timeout,
    allow: args.allow,
    lost: args.lost.map((one) => ({ ...one, address: one.address && canonicalAddress(one.address) })),
    records,
    rebalance: args.rebalance,
    threshold: args.threshold,
    nodes: declaredNodes(args).map((node) => ({
      ...node,
      weight: args.weights[nodeName(node)] ?? args.weights[node.host],
    })),
    leaving: declaredNodes({ ...args, nodes: args.leaving }),
  };
}
