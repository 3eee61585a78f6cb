import { place as nameOf } from '../cluster/classify.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots, formatSlots } from '../slots/slots.ts';

/** A shard to back up, and the node that writes its file. */
export interface ShardSource {
  readonly master: SeenNode;
  readonly source: SeenNode;
}

/**
 * Which node of each shard is asked to write its keys, or why no backup can be made. A replica spares the master a fork; it
 * counts only while its link is up.
 */
export function backupSources(
  views: readonly NodeView[],
  from: 'replica' | 'master',
): { readonly refusals: readonly string[]; readonly shards: readonly ShardSource[] } {
  const seen = views.filter((view) => view.seen);
  const masters = seen.filter((view) => view.role === 'master' && view.self.slots.length > 0);
  const { unowned, contested } = ownershipOf(seen);
  const silent = views.flatMap((view) => (view.seen ? [] : [`${nameOf(view)} ${view.problem}`]));
  const refusals = masters.flatMap((view) => {
    const open = [...view.self.migrating.keys(), ...view.self.importing.keys()];
    return open.length === 0 ? [] : [`${nameOf(view)} has open slots ${open.join(', ')}: their keys are in two places`];
  });
  if (unowned.length > 0) {
    refusals.push(`${countSlots(unowned)} slots have no owner that answers: ${formatSlots(unowned)}`, ...silent);
  }
  if (contested.length > 0) refusals.push(`slots ${formatSlots(contested)} are claimed by several nodes`);
  if (refusals.length > 0) return { refusals, shards: [] };
  return { refusals, shards: masters.map((master) => ({ master, source: sourceOf(master, seen, from) })) };
}

function sourceOf(master: SeenNode, seen: readonly SeenNode[], from: 'replica' | 'master'): SeenNode {
  const replicas = seen.filter((view) => view.role === 'replica' && view.self.masterId === master.self.id);
  const synced = replicas.find((view) => view.linkUp && !view.syncing);
  return from === 'replica' ? (synced ?? master) : master;
}

/** Whether the shards own what they owned: slots that moved meanwhile may be in two files or in none. */
export function sameShards(before: readonly ShardSource[], after: readonly NodeView[]): boolean {
  const slots = (views: readonly SeenNode[]): string =>
    views
      .map((view) => formatSlots(view.self.slots))
      .sort()
      .join(' ');
  const now = after.filter((view) => view.seen).filter((view) => view.self.slots.length > 0);
  const open = now.some((view) => view.self.migrating.size > 0 || view.self.importing.size > 0);
  return !open && slots(before.map(({ master }) => master)) === slots(now);
}
