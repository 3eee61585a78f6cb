import { TaskError } from '../../errors/errors.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { epochQuarrels } from '../slots/epochs.ts';
import type { SlotMove } from '../slots/moves.ts';
import { Ban } from './ban.ts';
import { isForming, knows, lineOf, place as nameOf } from './classify.ts';
import { whoMeets } from './introduce.ts';
import { explainLinks, explainStrangers, type Pair, strangersAmong } from './reach.ts';
import { type DeclaredCluster, stayingOf } from './topology.ts';
import { verify } from './verify.ts';

const POLL_MS = 100;
/** Looking at many nodes is work for this machine and for them: at least as much of the time is left to what is waited for. */
const REST_PER_LOOK = 1;
const LONGEST_REST_MS_PER_NODE = 7;
/** A handshake without an answer is given up by the server after max(node timeout, 1 s): then it needs another MEET. */
const MEET_AGAIN_MS = 2000;
const MEET_AT_ONCE = 16;

/** Has a node introduce itself to others. */
export type Meet = (from: SeenNode, to: readonly SeenNode[]) => Promise<void>;

const REACH_HINT =
  'every node must reach the client port and the bus port (by default the client port plus 10000) of every other';

/** Loading and syncing take as long as there is data: what they have done so far is progress. */
function activityOf(views: readonly NodeView[]): string {
  return views.map((view) => (view.seen ? view.activity : view.kind === 'other' ? view.problem : '')).join(' ');
}

/** Waits as long as there is progress, at most `patience()` milliseconds without any. */
async function waitFor<T>(
  io: ClusterIo,
  patience: () => number,
  look: () => Promise<{ readonly left: readonly T[]; readonly views: NodeView[] }>,
  stuck: (left: readonly T[], views: NodeView[]) => Promise<Error>,
  idle: (left: readonly T[], views: NodeView[]) => Promise<void>,
): Promise<NodeView[]> {
  let fewest = Number.POSITIVE_INFINITY;
  let pulse = '';
  let progressed = io.now();
  let idled = io.now();
  for (;;) {
    const began = io.now();
    const { left, views } = await look();
    const tookMs = io.now() - began;
    if (left.length === 0) return views;
    const now = activityOf(views);
    if (left.length < fewest || now !== pulse) {
      fewest = Math.min(fewest, left.length);
      pulse = now;
      progressed = io.now();
    }
    if (io.now() - progressed > patience()) throw await stuck(left, views);
    if (io.now() - idled > MEET_AGAIN_MS) {
      await idle(left, views);
      idled = io.now();
    }
    await io.sleep(Math.max(POLL_MS, Math.min(tookMs * REST_PER_LOOK, views.length * LONGEST_REST_MS_PER_NODE)));
  }
}

/**
 * Waits until every node knows every other by its real id; on a cluster that serves, also until they are connected and the
 * newcomers say ok, since clients would be sent to a node that answers CLUSTERDOWN. One that was `forming` serves nobody as long as it
 * holds no key: its first node says ok long before the last, and replicas can be linked meanwhile.
 */
export async function awaitMembers(
  cluster: DeclaredCluster,
  io: ClusterIo,
  stallMs: number,
  meet: Meet,
  before: { readonly forgotten: ReadonlySet<string>; readonly forming: boolean },
): Promise<NodeView[]> {
  const ban = new Ban(io, before.forgotten);
  return await waitFor(
    io,
    () => ban.patience(stallMs),
    async () => {
      const views = stayingOf(cluster, await observeAll(cluster, io));
      const seen = views.filter((view) => view.seen);
      const silent = views.filter((view) => !view.seen).map((view) => ({ from: view, to: view }));
      const strange = strangersAmong(seen);
      const unsure = (await ban.look(seen, strange)).map((view) => ({ from: view, to: view }));
      const servesNobody = before.forming && seen.every((view) => view.keys === 0);
      const left = servesNobody ? strange : [...strange, ...disconnected(seen), ...unsure];
      return { left: [...silent, ...left], views };
    },
    async (_, views) => {
      const strange = strangersAmong(views.filter((view) => view.seen));
      const silent = views.flatMap((view) => (view.seen ? [] : [`${nameOf(view)} ${view.problem}`]));
      const explained = [...silent, ...(await explainStrangers(strange, io))];
      const reasons = explained.length > 0 ? explained : findingsOf(cluster, views);
      const waited = ban.patience(stallMs) / 1000;
      return new TaskError(
        `the nodes did not come together within ${waited} s without progress: ${reasons.join('; ')}`,
        {
          hint: REACH_HINT,
          details: { findings: reasons },
        },
      );
    },
    async (_, views) => {
      const strange = strangersAmong(views.filter((view) => view.seen));
      io.progress(`waiting for the nodes to know each other: ${strange.length} pairs left${ban.reason}`);
      await meetAgain(views, strange, meet);
    },
  );
}

/** An introduction that came to nothing, or that a peer undid, is made once more. */
async function meetAgain(views: readonly NodeView[], strange: readonly Pair[], meet: Meet): Promise<void> {
  const seen = views.filter((view) => view.seen);
  const forming = isForming(seen);
  const asked = new Map<SeenNode, Set<SeenNode>>();
  for (const { from, to } of strange) {
    const one = whoMeets(from, to, seen, forming);
    if (one) asked.set(one, (asked.get(one) ?? new Set()).add(one === from ? to : from));
  }
  await Promise.all([...asked].map(async ([one, others]) => await meet(one, [...others].slice(0, MEET_AT_ONCE))));
}

function disconnected(seen: readonly SeenNode[]): { from: SeenNode; to: SeenNode }[] {
  return seen.flatMap((from) => {
    const mute = seen.filter((to) => to !== from && knows(from, to) && lineOf(from, to.self.id)?.connected !== true);
    return [...mute.map((to) => ({ from, to })), ...(from.stateOk ? [] : [{ from, to: from }])];
  });
}

/** Waits until nothing is left that gossip or a sync may still bring about; `meet`: nodes that are dropped meanwhile come back. */
export async function awaitSettled(
  cluster: DeclaredCluster,
  io: ClusterIo,
  stallMs: number,
  meet?: Meet,
): Promise<NodeView[]> {
  const ban = new Ban(io);
  const strangers = (views: readonly NodeView[]): Pair[] =>
    strangersAmong(stayingOf(cluster, views).filter((view) => view.seen));
  return await waitFor(
    io,
    () => (meet ? ban.patience(stallMs) : stallMs),
    async () => {
      const views = await observeAll(cluster, io);
      await ban.look(
        views.filter((view) => view.seen),
        strangers(views),
      );
      return { left: verify(cluster, views, { placement: false }).filter((finding) => finding.mayPass), views };
    },
    async (left, views) => {
      const findings = left.map((finding) => finding.message);
      const closed = await explainLinks(
        views.filter((view) => view.seen),
        io,
      );
      return new TaskError(
        `the cluster did not settle: no progress within ${(meet ? ban.patience(stallMs) : stallMs) / 1000} s: ${[...findings, ...closed].join('; ')}`,
        { ...(closed.length > 0 && { hint: REACH_HINT }), details: { findings } },
      );
    },
    async (left, views) => {
      const first = left[0]?.message ?? '';
      io.progress(`waiting for the cluster to settle: ${left.length} findings left, first: ${first}${ban.reason}`);
      if (meet) await meetAgain(stayingOf(cluster, views), strangers(views), meet);
    },
  );
}

/** Waits until no master can claim back what it gives: servers settle that among each other, within a few seconds of gossip. */
export async function awaitEpochs(
  cluster: DeclaredCluster,
  io: ClusterIo,
  stallMs: number,
  moves: readonly Pick<SlotMove, 'from' | 'to'>[],
): Promise<NodeView[]> {
  return await waitFor(
    io,
    () => stallMs,
    async () => await lookFor(cluster, io, (seen) => epochQuarrels(seen, moves)),
    async (left) =>
      new TaskError(`slots cannot move safely: ${left.join('; ')}, for ${stallMs / 1000} s`, {
        hint: 'masters settle this when they hear from each other: see that their bus ports reach each other',
      }),
    async ([first = '']) => io.progress(`waiting before slots move: ${first}`),
  );
}

function findingsOf(cluster: DeclaredCluster, views: readonly NodeView[]): string[] {
  return verify(cluster, views, { placement: false }).map((finding) => finding.message);
}

/**
 * Waits until nobody sees a slot of the masters with these ids any more: replicas hear of a move with the pings of the takers, up to
 * half a node timeout later. One of the masters that owns a slot in its own eyes ends the wait, since no gossip will change that.
 */
export async function awaitEmptied(
  cluster: DeclaredCluster,
  io: ClusterIo,
  stallMs: number,
  ids: ReadonlySet<string>,
): Promise<NodeView[]> {
  return await waitFor(
    io,
    () => stallMs,
    async () =>
      await lookFor(cluster, io, (seen) => {
        if (seen.some(({ self }) => ids.has(self.id) && self.slots.length > 0)) return [];
        return seen.flatMap((view) =>
          view.others
            .filter(({ id, slots }) => ids.has(id) && slots.length > 0)
            .map(({ id }) => `${nameOf(view)} still sees slots of ${nameIn(seen, id)}`),
        );
      }),
    async (left) =>
      new TaskError(`nobody was forgotten: no progress within ${stallMs / 1000} s: ${left.join('; ')}`, {
        hint: REACH_HINT,
        details: { findings: left },
      }),
    async (left) => io.progress(`waiting until all know of the moved slots: ${left.length} left, first: ${left[0]}`),
  );
}

/** What those who answer tell of, and all views. */
async function lookFor(
  cluster: DeclaredCluster,
  io: ClusterIo,
  find: (seen: readonly SeenNode[]) => string[],
): Promise<{ readonly left: string[]; readonly views: NodeView[] }> {
  const views = await observeAll(cluster, io);
  return { left: find(views.filter((view) => view.seen)), views };
}

function nameIn(seen: readonly SeenNode[], id: string): string {
  const view = seen.find(({ self }) => self.id === id);
  return view ? nameOf(view) : id;
}
