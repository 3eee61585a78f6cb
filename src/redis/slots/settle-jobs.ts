import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import type { Step } from '../cluster/steps.ts';
import { nodeName } from '../cluster/topology.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { SeenNode } from '../node/observe.ts';
import { atomicWayOf } from '../versions/atomic-migration.ts';
import { POLL_MS } from './atomic-move.ts';
import { JobWatch } from './job-watch.ts';
import { NodeLinks } from './node-links.ts';
import { cancelJobs, isActive, isHopeless, jobsOf, type SlotJob } from './slot-jobs.ts';
import { formatSlots, mergeRanges, withoutSlots } from './slots.ts';

/** Steps that a job under way would make wrong, or that would harm it. */
const DISTURBED: readonly Step['do'][] = ['take-over', 'forget-dead', 'close-slots', 'move-slots', 'follow', 'forget'];

interface Active {
  readonly view: SeenNode;
  readonly jobs: readonly SlotJob[];
}

/**
 * Slots that the servers are still handing over, since an earlier run or somebody else had them do so: what the plan wants too is
 * waited for, the rest is cancelled. Says for each giver what was found; nothing: the plan holds.
 */
export async function settleJobs(
  steps: readonly Step[],
  views: ReadonlyMap<string, SeenNode>,
  io: ClusterIo,
  stallMs: number,
): Promise<string[]> {
  const masters = [...views.values()].filter((view) => view.role === 'master' && atomicWayOf(view) !== undefined);
  if (masters.length === 0 || !steps.some((step) => DISTURBED.includes(step.do))) return [];
  const links = new NodeLinks(io, views);
  const told = new Map<SeenNode, string>();
  const watch = new JobWatch(io.now(), stallMs);
  try {
    for (;;) {
      const active = await activeJobs(links, masters);
      if (active.length === 0) return [...told.values()];
      for (const one of active) {
        const text = await settle(links, one, steps, views);
        if (text !== undefined && !told.has(one.view)) {
          told.set(one.view, text);
          io.progress(text);
        }
      }
      const all = active.flatMap(({ jobs }) => jobs);
      if (watch.stalls(all, io.now())) throw stalled(active, stallMs);
      await io.sleep(POLL_MS);
    }
  } finally {
    await links.closeAll();
  }
}

async function activeJobs(links: NodeLinks, masters: readonly SeenNode[]): Promise<Active[]> {
  const found = await Promise.all(
    masters.map(async (view) => {
      const jobs = await jobsOf(links, nodeName(view.node));
      return { view, jobs: jobs.filter((job) => isActive(job) && job.to !== undefined) };
    }),
  );
  return found.filter(({ jobs }) => jobs.length > 0);
}

/** A server cancels all jobs that it leads, or none. */
async function settle(
  links: NodeLinks,
  { view, jobs }: Active,
  steps: readonly Step[],
  views: ReadonlyMap<string, SeenNode>,
): Promise<string | undefined> {
  const led = jobs.filter(({ leads, state }) => leads && state !== 'cleaning-up');
  const way = atomicWayOf(view);
  if (led.length === 0 || way === undefined) return undefined;
  const name = nodeName(view.node);
  const slots = formatSlots(mergeRanges(led.flatMap((job) => job.slots)));
  // What is about to change hands would not take a cancellation well, and ends within seconds.
  const isAboutToEnd = led.some(({ state }) => /^(failover-|takeover$)/.test(state));
  if (isAboutToEnd || led.every((job) => !isHopeless(job) && isWanted(job, steps, views)))
    return `${name}: wait until slots ${slots} are handed over, as was begun earlier`;
  for (const { from, to } of led) {
    const [giver, taker] = [from, to].map((id) => [...views].find(([, { self }]) => self.id === id)?.[0] ?? name);
    await cancelJobs(links, way, { from: giver ?? name, to: taker ?? name });
  }
  return `${name}: cancel the handing over of slots ${slots}, which was begun earlier`;
}

function isWanted(job: SlotJob, steps: readonly Step[], views: ReadonlyMap<string, SeenNode>): boolean {
  return steps.some(
    (step) =>
      step.do === 'move-slots' &&
      views.get(step.node)?.self.id === job.from &&
      views.get(step.to)?.self.id === job.to &&
      withoutSlots(job.slots, step.slots).length === 0,
  );
}

function stalled(active: readonly Active[], stallMs: number): TaskError {
  const where = active.map(({ view, jobs }) => `${nameOf(view)} (${jobs.map(({ state }) => state).join(', ')})`);
  return new TaskError(
    `slots that are being handed over do not get on for ${stallMs / 1000} s on ${where.join(' and ')}`,
    {
      hint: 'CLUSTER CANCELSLOTMIGRATIONS on the giver (Valkey) or CLUSTER MIGRATION CANCEL ALL on the taker (Redis) ends it; nothing is lost by that. Then run the same again.',
    },
  );
}
