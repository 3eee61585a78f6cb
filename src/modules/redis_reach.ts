import { randomBytes } from 'node:crypto';
import { TaskError } from '../errors/errors.ts';
import type { NodeAnswer } from '../redis/node/contract.ts';
import { observation } from '../redis/node/observe.ts';
import { canonicalAddress } from '../template/address.ts';
import type { ApplyContext, HostModule, Result } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisReachArgs } from './generated/redis_reach.ts';
import { explain, isReached, tryAll } from './redis-reach/attempts.ts';
import { type ListenAt, listenScript } from './redis-reach/listener.ts';

type Node = RedisReachArgs['nodes'][number];

const START_MS = 5000;
/** On its own host a port answers at once, or it is closed. */
const CLOSED_MS = 1000;
const POLL_MS = 50;
const BUS_OFFSET = 10_000;

/** Whether the nodes that do not run yet will reach each other. */
export const redisReach: HostModule<RedisReachArgs, readonly NodeAnswer[]> = {
  kind: 'host',
  name: 'redis_reach',
  fusable: false,
  passable: true,

  // The question that redis_cluster asks too, so that the answer is there already.
  read: (args) => ({ nodes: declaredNodes(args).map((node) => observation(node)) }),

  parse: ({ nodes }) => nodes,

  plan: (answers, { nodes }) =>
    new Set(nodes.map(({ host }) => host)).size > 1 && idleNodes(nodes, answers).length > 0
      ? { changes: [], applies: true }
      : { changes: [] },

  async apply(_plan, args, context, answers): Promise<Result> {
    const idle = idleNodes(args.nodes, answers);
    const password = randomBytes(24).toString('hex');
    const server = `${args.prefix}/current/bin/redis-server`;
    const byHost = new Map<string, Node[]>();
    for (const node of idle) byHost.set(node.host, [...(byHost.get(node.host) ?? []), node]);
    const listeners = [...byHost].map(([host, nodes]) => {
      const own = nodes.flatMap(portsOf);
      return context.on(host).sh(listenScript(server, own, args.any_address), { stdin: Buffer.from(`${password}\n`) });
    });
    const failed = failures([...byHost.keys()], listeners);
    try {
      const hosts = [...new Set(args.nodes.map(({ host }) => host))];
      const ports = args.nodes.flatMap(portsOf);
      await ready(idle, failed, context);
      context.progress(`trying ${ports.length} ports from ${hosts.length} hosts`);
      const outcomes = await tryAll(hosts, ports, args.timeout, context);
      const closed = explain(outcomes);
      if (closed.length > 0) throw unreachable(closed);
      return { tried: outcomes.length };
    } finally {
      await shutDown(idle, password, context);
      await Promise.allSettled(listeners);
    }
  },
};

/** Where nothing listens yet. */
function idleNodes(nodes: readonly Node[], answers: readonly NodeAnswer[]): Node[] {
  return nodes.filter((_, index) => {
    const answer = answers[index];
    return answer?.ok === false && answer.kind === 'refused';
  });
}

function portsOf({ host, address, port, bus_port }: Node): ListenAt[] {
  const bus = bus_port ?? port + BUS_OFFSET;
  return [port, bus].map((at) => ({ host, address: canonicalAddress(address), port: at }));
}

function unreachable(closed: readonly string[]): TaskError {
  return new TaskError(`the nodes would not reach each other: ${closed.join('; ')}`, {
    hint: 'every node must reach the client port and the bus port (by default the client port plus 10000) of every other',
    details: { closed },
  });
}

/** The first reason for which a listener ended before it was told to. */
function failures(hosts: readonly string[], listeners: readonly ReturnType<ApplyContext['sh']>[]): { first?: string } {
  const failed: { first?: string } = {};
  listeners.forEach((listener, index) => {
    listener.then(
      ({ rc, stdout, stderr }) => {
        if (rc !== 0) failed.first ??= `${hosts[index]}: ${(stdout || stderr).trim()}`;
      },
      // A lost connection is thrown by whoever needs the host next.
      () => undefined,
    );
  });
  return failed;
}

/** Waits until each listener answers on its own host. One that runs and is closed even there is left to be named with the others. */
async function ready(idle: readonly Node[], failed: { readonly first?: string }, context: ApplyContext): Promise<void> {
  const end = performance.now() + START_MS;
  let left = idle.flatMap(portsOf);
  for (;;) {
    if (failed.first !== undefined) throw new TaskError(`no server could listen for the attempt on ${failed.first}`);
    const answers = await Promise.all(
      left.map(async (at) => {
        const query = { ...at, via: at.host, fromHost: true, commands: [['PING']], timeoutMs: CLOSED_MS };
        return isReached(await context.query(query)) ? [] : [at];
      }),
    );
    left = answers.flat();
    if (left.length === 0 || performance.now() > end) return;
    await context.sleep(POLL_MS);
  }
}

/** Each by its password, which nobody else knows: whoever else listens on a port is not shut down. */
async function shutDown(idle: readonly Node[], password: string, context: ApplyContext): Promise<void> {
  await Promise.allSettled(
    idle.flatMap(portsOf).map(async ({ host, address, port }) => {
      const auth = { password };
      return await context.query({
        via: host,
        fromHost: true,
        address,
        port,
        auth,
        commands: [['SHUTDOWN', 'NOSAVE']],
        timeoutMs: 2000,
      });
    }),
  );
}
