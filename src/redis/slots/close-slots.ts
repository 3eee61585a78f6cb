import { moveKeys, tellOthers } from './move-slots.ts';
import type { Mover } from './mover.ts';
import type { Closing } from './open-slots.ts';
import { setSlots } from './set-slot.ts';
import { slotsOf } from './slots.ts';

/**
 * Makes one node the only owner of slots that an interruption left open. Keys of theirs that other masters hold are brought
 * to it first: nothing is given up that anybody has.
 */
export async function closeSlots(mover: Mover, { owner, slots }: Closing): Promise<void> {
  const all = [...slotsOf(slots)];
  const view = mover.links.view(owner);
  const claims = (slot: number): boolean => view.self.slots.some(([first, last]) => slot >= first && slot <= last);
  // A node that gives a slot away would send a returning key on to the other side.
  await setSlots(mover, owner, all.filter(claims), 'STABLE');
  const taken = all.filter((slot) => !claims(slot));
  await setSlots(mover, owner, taken, 'NODE', view.self.id);
  await tellOthers(mover, [owner, ...claimantsOf(mover, owner, all)], taken, view.self.id);
  for (const name of mover.links.otherMasters(owner)) await clear(mover, name, owner, all);
  mover.moved.slots += all.length;
}

function claimantsOf(mover: Mover, owner: string, slots: readonly number[]): string[] {
  return mover.links.otherMasters(owner).filter((name) => {
    const own = mover.links.view(name).self.slots;
    return slots.some((slot) => own.some(([first, last]) => slot >= first && slot <= last));
  });
}

/** Brings what a master holds of the slots to their owner, and takes its marks away. */
async function clear(mover: Mover, name: string, owner: string, slots: readonly number[]): Promise<void> {
  const { self } = mover.links.view(name);
  const to = mover.links.view(owner).self.id;
  const claims = (slot: number): boolean => self.slots.some(([first, last]) => slot >= first && slot <= last);
  const counts = await mover.links.send(
    name,
    slots.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]),
  );
  const held = slots.filter((_, index) => typeof counts[index] === 'number' && counts[index] > 0);
  // MIGRATE works on a node only while it owns the slot or has it open.
  await setSlots(mover, name, held.filter(claims), 'MIGRATING', to);
  await setSlots(
    mover,
    name,
    held.filter((slot) => !claims(slot) && !self.importing.has(slot)),
    'IMPORTING',
    to,
  );
  await moveKeys(mover, { from: name, to: owner, fresh: false }, held);
  const claimed = slots.filter(claims);
  await setSlots(mover, name, claimed, 'NODE', to);
  const marked = slots.filter((slot) => held.includes(slot) || self.importing.has(slot) || self.migrating.has(slot));
  await setSlots(
    mover,
    name,
    marked.filter((slot) => !claims(slot)),
    'STABLE',
  );
}
