import { isIP } from 'node:net';
import { TaskError } from '../errors/errors.ts';
import { reportCluster } from '../redis/cluster/report.ts';
import { nodeName } from '../redis/cluster/topology.ts';
import type { NodeView } from '../redis/node/observe.ts';
import { describeFlight, FlightRecorder } from '../redis/rolling/flight.ts';
import { describeRolling, planRolling, type RollingPlan } from '../redis/rolling/plan-rolling.ts';
import { type RollingHands, type RollSettings, roll } from '../redis/rolling/roll.ts';
import { rollingNodes } from '../redis/rolling/rolling-node.ts';
import { canFollow } from '../redis/versions/hop.ts';
import { removeRestartsScript, writeRestartsScript } from '../state/restart-record.ts';
import { canonicalAddress } from '../template/address.ts';
import { Unknown } from '../template/values.ts';
import { clusterIo } from './cluster-context.ts';
import type { ApplyContext, HostModule, Plan, Result } from './contract.ts';
import type { RedisRollingArgs } from './generated/redis_rolling.ts';
import { must } from './redis-build/build-on-host.ts';
import { type Due, dueNodes, hopProblems, recordOf } from './redis-rolling/due.ts';
import { carryOutMaintenance, planMaintenance } from './redis-rolling/maintenance.ts';
import { restartNode, runHook, startNode } from './redis-rolling/restart-node.ts';
import { isMeant, rollingCluster, serverOf } from './redis-rolling/rolling-args.ts';
import {
  parseRolling,
  type RollingState,
  rollingQuestions,
  rollingRequest,
  rollingScripts,
} from './redis-rolling/rolling-state.ts';

type DueNodes = ReadonlyMap<string, Due>;

export const redisRolling: HostModule<RedisRollingArgs, RollingState> = {
  kind: 'host',
  name: 'redis_rolling',
  fusable: false,

  prepare(args) {
    const names = new Set(args.nodes.map(nodeName));
    const strangers = [...args.allow_outage, ...(args.canary === undefined ? [] : [args.canary])].filter(
      (one) => !names.has(one),
    );
    const problems = [
      ...args.nodes.flatMap(({ address }) =>
        isIP(canonicalAddress(address)) === 0 ? [`address ${JSON.stringify(address)} is not an IP address`] : [],
      ),
      ...strangers.map((one) => `${one} is not among the nodes (host:port)`),
      ...(args.state === 'possible' && args.version === undefined
        ? ['state: possible needs the version to go to']
        : []),
    ];
    if (problems.length > 0) throw new TaskError(problems.join('; '));
    return args;
  },

  read: (args) => rollingRequest(args),
  parse: (answer, args) => parseRolling(answer, args),

  plan(state, args, env): Plan {
    if (args.state === 'possible') return planPossible(state, args);
    if (isMaintenance(args)) {
      const { refusals, ...plan } = planMaintenance(state, args);
      return refusals.length > 0 ? refused(refusals, state, args) : plan;
    }
    if (env.check && env.changesPredicted) return unforeseeable(args);
    const { due, problems } = dueNodes(state, args);
    if (problems.length > 0) return refused(problems, state, args);
    const { waves, refusals } = planned(state.views, due, args);
    if (refusals.length > 0) return refused(refusals, state, args);
    const steps = waves.flat();
    const reasons = new Map([...due].map(([name, { reason }]) => [name, reason]));
    const touched = [...new Set(steps.filter((step) => step.do !== 'fail-over').map(({ node }) => node))];
    const changes = touched.map((name) => {
      const view = state.views.find(({ node }) => nodeName(node) === name);
      const before = view?.seen ? (reasons.get(name) ?? 'running') : 'down';
      return { what: name, before, after: view?.seen ? 'restarted' : 'started' };
    });
    const shown = steps.length > 0 ? told(args, state.views) : {};
    return { changes, result: { ...shown, steps: steps.map(describeRolling), restarted: touched } };
  },

  async apply(_plan, args, context, state): Promise<Result> {
    if (isMaintenance(args)) {
      const { steps, flight } = await carryOutMaintenance(state, args, context);
      return { steps: [...steps, ...(flight ? [describeFlight(flight)] : [])], ...(flight && { flight }) };
    }
    const io = clusterIo(context);
    const cluster = rollingCluster(args);
    const marked = args.when === 'always' ? await markAll(state, args, context) : undefined;
    const hands = handsOf(args, context, marked);
    const recorder = (views: readonly NodeView[]): FlightRecorder | undefined =>
      args.probe ? new FlightRecorder(views, io) : undefined;
    const { flight, views, steps, restarted } = await roll(cluster, io, hands, settingsOf(args), recorder);
    if (marked) await unmarkAll(args, context);
    const report = flight ? [describeFlight(flight)] : [];
    return {
      ...told(args, views),
      steps: [...steps, ...report],
      restarted,
      changed: restarted.length > 0,
      ...(flight && { flight }),
    };
  },
};

function isMaintenance({ state }: RedisRollingArgs): boolean {
  return state === 'away' || state === 'back';
}

function told(args: RedisRollingArgs, views: readonly NodeView[]): { cluster: ReturnType<typeof reportCluster> } {
  return { cluster: reportCluster(rollingCluster(args), views) };
}

/** A new server or a new setting may be about to come, or no node runs yet. */
function unforeseeable(args: RedisRollingArgs): Plan {
  const why = 'what the tasks before it change decides who owes a restart';
  return { changes: [{ what: `cluster ${args.name}`, before: 'as it runs', after: new Unknown(why) }] };
}

function refused(problems: readonly string[], state: RollingState, args: RedisRollingArgs): Plan {
  return {
    changes: [],
    result: { ...told(args, state.views), refusals: problems },
    failed: `nothing was ${isMaintenance(args) ? 'stopped' : 'restarted'}: ${problems.join('; ')}`,
  };
}

/** Before anything is installed: what would stand against the new version, and against restarting those that do not run it. */
function planPossible(state: RollingState, args: RedisRollingArgs): Plan {
  const to = { flavor: args.flavor, version: args.version ?? '' };
  const old = state.views.filter((view) => view.seen && (view.version !== to.version || view.flavor !== to.flavor));
  const due = new Map(old.map(({ node }) => [nodeName(node), { reason: '', version: `${to.flavor} ${to.version}` }]));
  const problems = [...hopProblems(state.views, to), ...planned(state.views, due, args).refusals];
  return problems.length > 0 ? refused(problems, state, args) : { changes: [] };
}

function planned(views: readonly NodeView[], due: DueNodes, args: RedisRollingArgs): RollingPlan {
  const targets = new Map([...due].map(([name, { version }]) => [name, version]));
  return planRolling(rollingNodes(rollingCluster(args), views), { ...settingsOf(args), targets });
}

function settingsOf(args: RedisRollingArgs): RollSettings {
  return {
    parallel: args.parallel,
    perZone: args.per_zone,
    canary: args.canary ?? true,
    allowOutage: new Set(args.allow_outage),
    canFollow,
    stallMs: args.timeout * 1000,
    guard: { p99Ms: args.guard?.p99_ms, errors: args.guard?.errors },
  };
}

function handsOf(
  args: RedisRollingArgs,
  context: ApplyContext,
  marked: ReadonlyMap<string, string> | undefined,
): RollingHands {
  return {
    async due(views) {
      if (marked) return stillMarked(views, marked);
      const state = await look(args, context);
      const { due, problems } = dueNodes(state, args);
      if (problems.length > 0) throw new TaskError(problems.join('; '));
      return new Map([...due].map(([name, { version }]) => [name, version]));
    },
    restart: async (node) => await restartNode(serverOf(args, node), { before: args.before }, context),
    start: async (node) => await startNode(serverOf(args, node), context),
    after: async (node) => await runHook('after', args.after, serverOf(args, node), context),
  };
}

function stillMarked(views: readonly NodeView[], marked: ReadonlyMap<string, string>): ReadonlyMap<string, undefined> {
  const names = views.flatMap((view) =>
    view.seen && marked.get(nodeName(view.node)) === view.runId ? [nodeName(view.node)] : [],
  );
  return new Map(names.map((name) => [name, undefined]));
}

async function look(args: RedisRollingArgs, context: ApplyContext): Promise<RollingState> {
  const [nodes, elsewhere] = await Promise.all([
    Promise.all(rollingQuestions(args).map(async (query) => await context.query(query))),
    Promise.all(
      rollingScripts(args).map(async ({ host, script, asTaskUser }) =>
        asTaskUser ? await context.on(host).sh(script) : await context.stateOf(host).sh(script),
      ),
    ),
  ]);
  return parseRolling({ reply: { rc: 0, stdout: '', stderr: '' }, nodes, elsewhere }, args);
}

/** Which processes shall be gone is on their hosts before the first one goes: a killed operation is taken up, not begun anew. */
async function markAll(
  state: RollingState,
  args: RedisRollingArgs,
  context: ApplyContext,
): Promise<Map<string, string>> {
  const { due } = dueNodes(state, args);
  const marked = new Map<string, string>();
  const byHost = new Map<string, { port: number; runId: string }[]>();
  for (const view of state.views) {
    const name = nodeName(view.node);
    if (!view.seen || view.runId === undefined || !due.has(name)) continue;
    marked.set(name, view.runId);
    const record = { port: view.node.port, runId: view.runId };
    if (recordOf(name, state) !== view.runId)
      byHost.set(view.node.host, [...(byHost.get(view.node.host) ?? []), record]);
  }
  await Promise.all(
    [...byHost].map(async ([host, records]) => {
      const script = writeRestartsScript(args.name, records);
      await must(context.stateOf(host), script, `${host}: what is to be restarted could not be noted`);
    }),
  );
  return marked;
}

async function unmarkAll(args: RedisRollingArgs, context: ApplyContext): Promise<void> {
  const meant = rollingCluster(args).nodes.filter((node) => isMeant(args, node));
  await Promise.all(
    [...new Set(meant.map(({ host }) => host))].map(async (host) => {
      const ports = meant.filter((node) => node.host === host).map(({ port }) => port);
      await context.stateOf(host).sh(removeRestartsScript(args.name, ports));
    }),
  );
}
