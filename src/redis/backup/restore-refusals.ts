import { place as nameOf } from '../cluster/classify.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';
import { ownershipOf } from '../slots/ownership.ts';
import { countSlots, formatSlots } from '../slots/slots.ts';
import { cannotLoad } from '../versions/rdb-version.ts';
import type { Manifest } from './manifest.ts';

/** Holds the digest of the manifest while its keys arrive, so that an interrupted restore may go on. */
export const RESTORE_MARK = 'rcdeploy:restore';

/** What the mark holds afterwards, for a while: the same restore once more, maybe by one who saw the first one die, is done. */
export function doneMark(digest: string): string {
  return `done ${digest}`;
}

/** A node as restoring needs to know it. */
export interface RestoreTarget {
  readonly view: NodeView;
  /** What its INFO says: 0 is no limit. */
  readonly maxMemory: number;
  readonly mark: string | undefined;
}

export interface RestorePlan {
  readonly refusals: readonly string[];
  readonly masters: readonly SeenNode[];
  /** An interrupted restore of the same backup has begun: keys are there. */
  readonly resumes: boolean;
  /** The same restore has just ended well. */
  readonly done: boolean;
}

/** Judges a cluster before anything is sent to it. */
export function planRestore(targets: readonly RestoreTarget[], manifest: Manifest, digest: string): RestorePlan {
  const views = targets.map(({ view }) => view);
  const seen = views.filter((view) => view.seen);
  const masters = seen.filter((view) => view.role === 'master' && view.self.slots.length > 0);
  const mark = targets.find((target) => target.mark !== undefined)?.mark;
  const resumes = mark === digest;
  const done = mark === doneMark(digest);
  const refusals = [
    ...views.flatMap((view) => (view.seen ? [] : [`${nameOf(view)} ${view.problem}`])),
    ...unfit(seen),
    ...(resumes || done ? [] : notEmpty(seen, mark)),
    ...unloadable(seen, manifest),
    ...tooSmall(targets, manifest),
  ];
  return { refusals, masters, resumes, done };
}

function unfit(seen: readonly SeenNode[]): string[] {
  const { unowned, contested } = ownershipOf(seen);
  const refusals = seen.flatMap((view) => {
    const open = view.self.migrating.size + view.self.importing.size;
    if (open > 0) return [`${nameOf(view)} has ${open} open slots`];
    return view.stateOk ? [] : [`${nameOf(view)} says cluster_state:fail`];
  });
  if (seen.length > 0 && unowned.length > 0) {
    refusals.push(`${countSlots(unowned)} slots have no owner: ${formatSlots(unowned)}`);
  }
  if (contested.length > 0) refusals.push(`slots ${formatSlots(contested)} are claimed by several nodes`);
  return refusals;
}

function notEmpty(seen: readonly SeenNode[], mark: string | undefined): string[] {
  const held = seen.filter((view) => view.keys > 0);
  if (held.length === 0) return [];
  const names = held.map((view) => `${nameOf(view)} holds ${view.keys} keys`);
  const other =
    mark === undefined || mark.startsWith('done ') ? [] : ['an interrupted restore of another backup left keys'];
  return [...names, ...other];
}

function unloadable(seen: readonly SeenNode[], manifest: Manifest): string[] {
  const refusals = seen.flatMap((view) =>
    manifest.shards.flatMap((shard) => {
      const why = cannotLoad(shard.rdb_version, shard.source, view);
      return why === undefined ? [] : [`${nameOf(view)}: ${why}`];
    }),
  );
  return [...new Set(refusals)];
}

/** Keys need about the memory that they had; a cluster with less would evict or refuse some. */
function tooSmall(targets: readonly RestoreTarget[], manifest: Manifest): string[] {
  const masters = targets.filter(({ view }) => view.seen && view.role === 'master' && view.self.slots.length > 0);
  if (masters.length === 0 || masters.some(({ maxMemory }) => maxMemory === 0)) return [];
  const room = masters.reduce((sum, { maxMemory }) => sum + maxMemory, 0);
  const needed = manifest.shards.reduce((sum, shard) => sum + shard.used_memory, 0);
  if (needed <= room) return [];
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1048576)} MB`;
  return [`the masters may hold ${mb(room)} (maxmemory); the backup's used ${mb(needed)}`];
}
