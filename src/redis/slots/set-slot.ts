import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import { errorIn } from '../node/resp.ts';
import type { Mover } from './mover.ts';
import { StaleError } from './node-links.ts';

type Mark = 'IMPORTING' | 'MIGRATING' | 'NODE' | 'STABLE';

/**
 * Valkey 8 answers so while too few replicas have the change; the cluster is about to learn of a change; a failover is on; a server hands
 * slots over by itself, or throws away what it had taken of some that could not be handed over.
 */
const SOON =
  /^(NOREPLICAS|CLUSTERDOWN|TRYAGAIN|LOADING|MASTERDOWN)|Slot (import|export) in progress|active atomic slot migration|pending trim job/;
/** The emptied giver has turned itself into a replica, which learns by gossip. */
const REPLICA = /Please use SETSLOT only with masters/i;
/** Somebody else, or an earlier try, has moved the slot meanwhile. */
const CHANGED = /already the owner|not the owner|Unknown node|still hold keys/i;
const RETRY_MS = 100;

/** What an error of SETSLOT means: try again, the node is a replica now, the slot was moved meanwhile, or it will not go. */
export function judgeSetSlotError(error: string): 'soon' | 'replica' | 'changed' | 'hard' {
  if (REPLICA.test(error)) return 'replica';
  if (SOON.test(error)) return 'soon';
  return CHANGED.test(error) ? 'changed' : 'hard';
}

/** Sets one mark for many slots on one node, in one pipeline; what may go through soon is tried again. */
export async function setSlots(
  mover: Mover,
  name: string,
  slots: readonly number[],
  mark: Mark,
  id?: string,
): Promise<'done' | 'replica'> {
  const since = mover.io.now();
  for (let left = slots; left.length > 0; ) {
    const commands = left.map((slot) => ['CLUSTER', 'SETSLOT', String(slot), mark, ...(id === undefined ? [] : [id])]);
    const replies = await mover.links.send(name, commands, SETSLOT_TIMEOUT_MS);
    const errors = replies.map((reply) => errorIn(reply));
    if (errors.some((error) => error !== undefined && judgeSetSlotError(error) === 'replica')) return 'replica';
    const hard = errors.find((error) => error !== undefined && judgeSetSlotError(error) !== 'soon');
    const where = `${nameOf(mover.links.view(name))} refuses SETSLOT ${mark}`;
    if (hard !== undefined)
      throw judgeSetSlotError(hard) === 'changed'
        ? new StaleError(`${where}: ${hard}`)
        : new TaskError(`${where}: ${hard}`);
    const [soft] = errors.filter((error) => error !== undefined);
    left = left.filter((_, index) => errors[index] !== undefined);
    if (left.length === 0) break;
    if (mover.io.now() - since > mover.stallMs) throw new TaskError(`${where} for ${mover.stallMs / 1000} s: ${soft}`);
    await mover.io.sleep(RETRY_MS);
  }
  return 'done';
}

/** Valkey waits two seconds for its replicas with each slot. */
const SETSLOT_TIMEOUT_MS = 60_000;
