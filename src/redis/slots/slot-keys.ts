import type { RespValue } from '../node/contract.ts';
import type { Mover } from './mover.ts';

/** Keys of a slot that the next MIGRATEs take. */
export interface SlotKeys {
  readonly slot: number;
  readonly keys: readonly { readonly key: string; readonly bytes: number }[];
}

/** Some keys of each slot, as many as the pace allows, with their sizes; slots that have none are not among them. */
export async function listKeys(mover: Mover, name: string, slots: readonly number[]): Promise<SlotKeys[]> {
  const limit = String(mover.pace.limits.keys);
  const replies = await mover.links.send(
    name,
    slots.map((slot) => ['CLUSTER', 'GETKEYSINSLOT', String(slot), limit]),
  );
  const found = slots.flatMap((slot, index) => {
    const keys = keysIn(replies[index]);
    return keys.length > 0 ? [{ slot, keys }] : [];
  });
  const sizes = await mover.links.send(
    name,
    found.flatMap(({ keys }) => keys.map((key) => ['MEMORY', 'USAGE', key])),
  );
  let at = 0;
  return found.map(({ slot, keys }) => ({ slot, keys: keys.map((key) => ({ key, bytes: bytesIn(sizes[at++]) })) }));
}

function keysIn(reply: RespValue | undefined): string[] {
  return Array.isArray(reply) ? reply.filter((key) => typeof key === 'string') : [];
}

/** Null for a key that has expired meanwhile, an error where the command is not allowed. */
function bytesIn(reply: RespValue | undefined): number {
  return typeof reply === 'number' ? reply : 0;
}
