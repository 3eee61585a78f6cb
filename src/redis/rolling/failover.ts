import { TaskError } from '../../errors/errors.ts';
import { type DeclaredCluster, type DeclaredNode, nodeName, queryOf } from '../cluster/topology.ts';
import { opinions } from '../cluster/verify.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { RespValue } from '../node/contract.ts';
import { DEFAULT_NODE_TIMEOUT_MS, type NodeView, type SeenNode, said } from '../node/observe.ts';
import { failoverObstacles, masterOf } from './failover-check.ts';

/** The server gives a manual failover 5 s (CLUSTER_MF_TIMEOUT); a look after that sees what became of it. */
const WINDOW_MS = 6000;
const ATTEMPTS = 3;
const POLL_MS = 20;
/**
 * Masters vote for a replica of the same master once in two node timeouts (voted_time in cluster.c of 7.0), and a replica that was refused asks
 * for votes again only after four. Somebody who takes a zone away, back and away again within seconds meets that.
 */
const VOTED_AGAIN_NODE_TIMEOUTS = 4;
const VOTED_AGAIN_MARGIN_MS = 1000;

export interface FailedOver {
  /** `host:port` of the new master, and of the old one, which is its replica now. */
  readonly promoted: string;
  readonly demoted: string;
  readonly attempts: number;
  /** From the first command until all masters had seen it. */
  readonly ms: number;
}

export interface FailOverOptions {
  readonly attempts?: number;
  /** Milliseconds that one attempt may take before it counts as timed out. */
  readonly windowMs?: number;
}

/**
 * Makes a replica the master of its shard, without loss: the master stops taking writes until the replica has them all.
 * +OK only means accepted; it is done when both say so by ROLE and every other master believes it. A failover that timed
 * out in the server is tried again, after the same checks; FORCE and TAKEOVER, which can lose writes, are never used.
 */
export async function failOver(
  cluster: DeclaredCluster,
  replica: DeclaredNode,
  io: ClusterIo,
  options: FailOverOptions = {},
): Promise<FailedOver> {
  const { attempts = ATTEMPTS, windowMs = WINDOW_MS } = options;
  const began = io.now();
  const settled = async (): Promise<SeenNode> => await awaitCandidate(cluster, replica, io, io.now() + windowMs);
  const { node: master, nodeTimeoutMs = DEFAULT_NODE_TIMEOUT_MS } = await settled();
  const votedAgain = io.now() + VOTED_AGAIN_NODE_TIMEOUTS * nodeTimeoutMs + VOTED_AGAIN_MARGIN_MS;
  const done = async (): Promise<boolean> => await swapped(replica, master, io);
  let trouble = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1 && attempt === attempts) await until(votedAgain, io, done);
    if (attempt === 1) trouble = await ask(replica, io);
    // What timed out here may have gone on there.
    else if (!(await done())) trouble = await askAgain(settled, done, replica, io);
    const end = io.now() + windowMs;
    if (await until(end, io, done)) {
      await believed(cluster, replica, master, io, io.now() + windowMs);
      return { promoted: nodeName(replica), demoted: nodeName(master), attempts: attempt, ms: io.now() - began };
    }
    if (attempt < attempts) {
      const pauseMs = attempt + 1 === attempts ? votedAgain - io.now() : 0;
      const when = pauseMs > 0 ? ` in ${Math.ceil(pauseMs / 1000)} s, when it may ask for votes again` : '';
      io.progress(`${nodeName(replica)} did not take over within ${windowMs / 1000} s${trouble}: trying again${when}`);
    }
  }
  throw new TaskError(
    `${nodeName(replica)} did not become a master in ${attempts} attempts${trouble}; ${nodeName(master)} keeps the role`,
    { hint: 'their logs say why a manual failover timed out; nothing was forced, so nothing is lost' },
  );
}

/** The master that will hand over, when nothing stands against it any more; what does not pass in time is thrown. */
async function awaitCandidate(
  cluster: DeclaredCluster,
  replica: DeclaredNode,
  io: ClusterIo,
  end: number,
): Promise<SeenNode> {
  for (;;) {
    const views = await observeAll(cluster, io);
    const view = views.find((one) => nodeName(one.node) === nodeName(replica));
    if (!view) throw new TaskError(`${nodeName(replica)} is not among the nodes of the cluster`);
    const obstacles = failoverObstacles(views, view);
    const seen = views.filter((one) => one.seen);
    const master = view.seen ? masterOf(seen, view) : undefined;
    if (obstacles.length === 0 && master) return master;
    if (io.now() > end || obstacles.some(({ mayPass }) => !mayPass)) {
      const messages = obstacles.map(({ message }) => message);
      throw new TaskError(`${nodeName(replica)} cannot take over from its master: ${messages.join('; ')}`, {
        details: { obstacles: messages },
      });
    }
    await io.sleep(POLL_MS * 5);
  }
}

async function askAgain(
  settled: () => Promise<unknown>,
  done: () => Promise<boolean>,
  replica: DeclaredNode,
  io: ClusterIo,
): Promise<string> {
  try {
    await settled();
  } catch (error) {
    if (await done()) return '';
    throw error;
  }
  return await ask(replica, io);
}

/** Empty, or what the node said against it. A cut connection is no answer: the look that follows tells. */
async function ask(replica: DeclaredNode, io: ClusterIo): Promise<string> {
  const answer = await io.query(queryOf(replica, [['CLUSTER', 'FAILOVER']]));
  if (!answer.ok) return ` (${answer.message})`;
  const [reply] = answer.replies;
  return reply === 'OK' ? '' : ` (it said: ${said(reply)})`;
}

async function roleOf(node: DeclaredNode, io: ClusterIo): Promise<RespValue> {
  const answer = await io.query(queryOf(node, [['ROLE']]));
  return answer.ok ? (answer.replies[0] ?? null) : null;
}

/** Both say so themselves: the one is a master, the other a replica of it. */
async function swapped(replica: DeclaredNode, master: DeclaredNode, io: ClusterIo): Promise<boolean> {
  const [promoted, demoted] = await Promise.all([roleOf(replica, io), roleOf(master, io)]);
  if (!Array.isArray(promoted) || promoted[0] !== 'master' || !Array.isArray(demoted)) return false;
  return demoted[0] === 'slave' || demoted[0] === 'replica';
}

/** Every other master knows the new owner of the slots: only then are clients sent to it from everywhere. */
async function believed(
  cluster: DeclaredCluster,
  replica: DeclaredNode,
  master: DeclaredNode,
  io: ClusterIo,
  end: number,
): Promise<void> {
  let doubts: string[] = [];
  const agreed = await until(end, io, async () => {
    doubts = doubtsOf(await observeAll(cluster, io), replica, master);
    return doubts.length === 0;
  });
  if (agreed) return;
  throw new TaskError(`${nodeName(replica)} is the master now, but not for everyone: ${doubts.join('; ')}`);
}

/**
 * Waits until every node believes of each role what its holder says: gossip takes up to half the node timeout for that.
 * What is still in doubt after `windowMs` is left to the next verification.
 */
export async function rolesAgreed(cluster: DeclaredCluster, io: ClusterIo, windowMs = WINDOW_MS): Promise<void> {
  await until(io.now() + windowMs, io, async () => {
    const views = await observeAll(cluster, io);
    return opinions(views.filter((view) => view.seen)).length === 0;
  });
}

function doubtsOf(views: readonly NodeView[], replica: DeclaredNode, master: DeclaredNode): string[] {
  const seen = views.filter((view) => view.seen);
  const promoted = seen.find((view) => nodeName(view.node) === nodeName(replica));
  const demoted = seen.find((view) => nodeName(view.node) === nodeName(master));
  if (!promoted || !demoted) return [`${nodeName(promoted ? master : replica)} does not answer any more`];
  if (demoted.self.masterId !== promoted.self.id) return [`${nodeName(master)} does not replicate it yet`];
  return seen.flatMap((view) => {
    if (view === promoted || view.role !== 'master') return [];
    const line = view.others.find(({ id }) => id === promoted.self.id);
    const knows = line?.flags.has('master') === true && line.slots.length > 0;
    return knows ? [] : [`${nodeName(view.node)} does not know it as the owner of the slots yet`];
  });
}

async function until(end: number, io: ClusterIo, holds: () => Promise<boolean>): Promise<boolean> {
  for (;;) {
    if (await holds()) return true;
    if (io.now() > end) return false;
    await io.sleep(POLL_MS);
  }
}
