import { isIP } from 'node:net';
import { TaskError } from '../errors/errors.ts';
import { canary } from '../redis/cluster/canary.ts';
import { form, refused } from '../redis/cluster/form.ts';
import { type ClusterPlan, hasChanges, planCluster, standingRefusals } from '../redis/cluster/plan.ts';
import { observedLayout, plannedLayout, predictCluster, reportCluster } from '../redis/cluster/report.ts';
import { describeSteps } from '../redis/cluster/steps.ts';
import type { DeclaredCluster } from '../redis/cluster/topology.ts';
import { verify } from '../redis/cluster/verify.ts';
import { awaitSettled } from '../redis/cluster/wait.ts';
import { observeAll } from '../redis/node/cluster-io.ts';
import { type NodeView, observation, viewOf } from '../redis/node/observe.ts';
import { Unknown } from '../template/values.ts';
import { clusterIo } from './cluster-context.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisClusterArgs } from './generated/redis_cluster.ts';

type Views = readonly NodeView[];

export const redisCluster: HostModule<RedisClusterArgs, Views> = {
  kind: 'host',
  name: 'redis_cluster',
  fusable: false,

  prepare(args) {
    const problems = inputProblems(args);
    if (problems.length > 0) throw new TaskError(problems.join('; '));
    return args;
  },

  read: (args) => ({ nodes: declare(args).nodes.map((node) => observation(node)) }),

  parse: ({ nodes }, args) =>
    declare(args).nodes.map((node, index) =>
      viewOf(node, nodes[index] ?? { ok: false, kind: 'other', message: 'it was not asked' }),
    ),

  plan(views, args, env) {
    if (args.state === 'possible') return planNothing(views, args);
    return args.state === 'verified' ? planVerification(views, args, env) : planForming(views, args, env);
  },

  async apply(_plan, args, context) {
    const cluster = declare(args);
    const io = clusterIo(context);
    if (args.wait) await awaitSettled(cluster, io, args.timeout * 1000);
    const formed =
      args.state === 'present'
        ? await form(cluster, await observeAll(cluster, io), io, { stallMs: args.timeout * 1000 })
        : { views: await observeAll(cluster, io), steps: [], changed: false };
    const findings = judge(cluster, formed.views, args);
    const seen = formed.views.filter((view) => view.seen);
    if (args.canary && findings.length === 0) findings.push(...(await canary(seen, io)));
    const result: Result = {
      ...told(cluster, formed.views),
      steps: formed.steps,
      findings,
      changed: formed.changed,
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

function planNothing(views: Views, args: RedisClusterArgs): Plan {
  const refusals = standingRefusals(declare(args), views);
  return refusals.length > 0
    ? { changes: [], result: { refusals }, failed: refused(refusals).message }
    : { changes: [] };
}

function planVerification(views: Views, args: RedisClusterArgs, env: PlanEnv): Plan {
  const cluster = declare(args);
  const findings = judge(cluster, views, args);
  const result: Result = { ...told(cluster, views), steps: [], findings };
  if (args.wait && findings.length > 0) {
    return env.check && env.changesPredicted ? unforeseeable(cluster) : { changes: [], result, applies: true };
  }
  if (findings.length > 0) return { changes: [], result, failed: notVerified(cluster, findings) };
  return args.canary ? { changes: [], result, applies: true } : { changes: [], result };
}

function planForming(views: Views, args: RedisClusterArgs, env: PlanEnv): Plan {
  const cluster = declare(args);
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
  const changes = hasChanges(plan) ? [layoutChange(cluster, views, plan)] : [];
  const applies = steps.length > 0 || args.canary ? { applies: true as const } : {};
  const settled = steps.length === 0 ? judge(cluster, views, args) : [];
  const result: Result = {
    cluster: steps.length > 0 ? predictCluster(cluster, views, plan.shards, plan.steps) : reportCluster(cluster, views),
    steps,
    findings: settled,
    ...(changes.length > 0 ? { plan: plannedText(views, plan) } : {}),
  };
  if (settled.length > 0) return { changes, result, failed: notVerified(cluster, settled) };
  return { changes, result, warnings: plan.warnings, ...applies };
}

function unforeseeable(cluster: DeclaredCluster): Plan {
  const why = 'the nodes do not run yet';
  const change: Change = { what: `cluster ${cluster.name}`, before: why, after: new Unknown(why) };
  return { changes: [change], result: { cluster: new Unknown(why), steps: new Unknown(why) } };
}

function layoutChange(cluster: DeclaredCluster, views: Views, plan: ClusterPlan): Change {
  const [before, after] = [observedLayout(views), plannedText(views, plan)];
  if (before !== after) return { what: `cluster ${cluster.name}`, before, after, text: true };
  const settings = describeSteps(plan.steps.filter((step) => step.do === 'set-timeout'));
  return { what: `cluster ${cluster.name}`, before: 'as observed', after: settings.join('\n') || 'joined' };
}

function plannedText(views: Views, plan: ClusterPlan): string {
  return plannedLayout(views, plan.shards, plan.steps);
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
  for (const node of args.nodes) {
    const name = `${node.host}:${node.port}`;
    if (isIP(node.address) === 0) {
      problems.push(
        `${name}: address ${JSON.stringify(node.address)} is not an IP address; cluster nodes are introduced to each other by IP`,
      );
    }
    for (const key of new Set([`${node.address}:${node.port}`, name])) {
      const other = endpoints.get(key);
      if (other !== undefined) problems.push(`${name} and ${other} are both declared at ${key}`);
      endpoints.set(key, name);
    }
  }
  for (const { node, may } of args.allow) {
    if (!args.nodes.some((declared) => `${declared.host}:${declared.port}` === node)) {
      problems.push(`allow names ${node}, which is not among the nodes (host:port)`);
    }
    if (may === 'adopt' || may === 'take-slots') problems.push(`allow ${may} for ${node} is not supported yet`);
  }
  return problems;
}

function declare(args: RedisClusterArgs): DeclaredCluster {
  return {
    name: args.name,
    replicas: args.replicas,
    masters: args.masters,
    placement: args.placement,
    nodeTimeoutMs: args.node_timeout,
    allow: args.allow,
    nodes: declaredNodes(args),
  };
}
