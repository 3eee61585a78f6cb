import { nodeName } from '../../redis/cluster/topology.ts';
import { FlightRecorder, type FlightReport } from '../../redis/rolling/flight.ts';
import { bringBack, type MaintenanceHands, takeAway } from '../../redis/rolling/maintenance.ts';
import { isBeingSucceeded, planAway } from '../../redis/rolling/plan-away.ts';
import { type RollingNode, rollingNodes } from '../../redis/rolling/rolling-node.ts';
import { clusterIo } from '../cluster-context.ts';
import type { ApplyContext, Plan } from '../contract.ts';
import type { RedisRollingArgs } from '../generated/redis_rolling.ts';
import { startNode, stopNode } from './restart-node.ts';
import { isMeant, rollingCluster, serverOf } from './rolling-args.ts';
import type { RollingState } from './rolling-state.ts';

function meantNodes(args: RedisRollingArgs): Set<string> {
  const nodes = rollingCluster(args).nodes.filter((node) => isMeant(args, node));
  return new Set(nodes.map(nodeName));
}

/** `away` and `back`: who hands over, who stops or starts, and what stands against it. */
export function planMaintenance(
  { views }: RollingState,
  args: RedisRollingArgs,
): Plan & { readonly refusals: readonly string[] } {
  const meant = meantNodes(args);
  const nodes = rollingNodes(rollingCluster(args), views);
  if (args.state === 'back') {
    const down = nodes.filter(({ name, down }) => down && meant.has(name)).map(({ name }) => name);
    const changes = down.map((name) => ({ what: name, before: 'down', after: 'started' }));
    return { changes, refusals: [], result: { steps: down.map((name) => `${name}: start`) } };
  }
  if (isBeingSucceeded(nodes)) return { ...stopAll(nodes, meant), refusals: [] };
  const { handovers, stops, refusals } = planAway(nodes, meant);
  const steps = [
    ...handovers.map(({ master, heir }) => `${heir}: take over from ${master}`),
    ...stops.map((name) => `${name}: stop`),
  ];
  return { changes: stops.map(stopped), refusals, result: { steps } };
}

/** What is meant while it cannot be told yet who hands over to whom; whether it may be is judged once that is settled. */
function stopAll(nodes: readonly RollingNode[], meant: ReadonlySet<string>): Plan {
  const up = nodes.filter(({ name, down }) => meant.has(name) && !down).map(({ name }) => name);
  return { changes: up.map(stopped), result: { steps: up.map((name) => `${name}: stop`) } };
}

function stopped(name: string) {
  return { what: name, before: 'running', after: 'stopped' };
}

export async function carryOutMaintenance(
  { views }: RollingState,
  args: RedisRollingArgs,
  context: ApplyContext,
): Promise<{ steps: readonly string[]; flight: FlightReport | undefined }> {
  const io = clusterIo(context);
  const hands: MaintenanceHands = {
    start: async (node) => await startNode(serverOf(args, node), context),
    stop: async (node) => await stopNode(serverOf(args, node), context),
  };
  const work = args.state === 'back' ? bringBack : takeAway;
  const flight = args.probe ? new FlightRecorder(views, io) : undefined;
  flight?.start();
  let report: FlightReport | undefined;
  try {
    const steps = await work(rollingCluster(args), meantNodes(args), io, hands, args.timeout * 1000);
    report = await flight?.stop();
    return { steps, flight: report };
  } finally {
    if (!report) await flight?.stop();
  }
}
