import type { RespValue } from '../node/contract.ts';
import type { Mover } from './mover.ts';
import type { Limits } from './pace.ts';

/** Keys of a slot that the next MIGRATEs take. */
export interface SlotKeys {
  readonly slot: number;
  readonly keys: readonly { readonly key: string; readonly bytes: number }[];
}

/**
 * Keys of slot ARGV[1], ARGV[2] at the most, and those that are larger than ARGV[3] bytes: their indices, each with its size. To ask for
 * every key by itself kept a giver busy for as long as a third of the move; to send it the keys that it has just listed, for a tenth more.
 */
const KEYS_AND_LARGE = `
local call, bound, large = redis.call, tonumber(ARGV[3]), {}
local keys = call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], ARGV[2])
for index = 1, #keys do
  local bytes = call('MEMORY', 'USAGE', keys[index])
  if bytes and bytes > bound then
    large[#large + 1] = index
    large[#large + 1] = bytes
  end
end
return {keys, large}`;

/** Some keys of each slot, as many as the pace allows, with their sizes; slots that have none are not among them. */
export async function listKeys(mover: Mover, name: string, slots: readonly number[]): Promise<SlotKeys[]> {
  const { limits } = mover.pace;
  const share = shareOf(limits);
  const replies = await mover.links.send(
    name,
    slots.map((slot) => ['EVAL', KEYS_AND_LARGE, '0', String(slot), String(limits.keys), String(share)]),
  );
  const listed = await Promise.all(
    slots.map(async (slot, index): Promise<SlotKeys> => {
      const reply = replies[index];
      if (!Array.isArray(reply)) return await listPlainly(mover, name, slot);
      const [keys, large] = [keysIn(reply[0]), reply[1]];
      return sized(slot, keys, sizesIn(Array.isArray(large) ? large : [], keys, share));
    }),
  );
  return listed.filter(({ keys }) => keys.length > 0);
}

/** Where scripts are not allowed, or refused: one of the keys has expired since the slot was opened. */
async function listPlainly(mover: Mover, name: string, slot: number): Promise<SlotKeys> {
  const [reply] = await mover.links.send(name, [
    ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(mover.pace.limits.keys)],
  ]);
  const keys = keysIn(reply);
  return sized(slot, keys, await sizesOf(mover, name, keys));
}

function sized(slot: number, keys: readonly string[], sizes: readonly number[]): SlotKeys {
  return { slot, keys: keys.map((key, at) => ({ key, bytes: sizes[at] ?? 0 })) };
}

/** Keys that are no larger fit into one MIGRATE, as many as it may have. */
function shareOf({ bytes, keys }: Limits): number {
  return Math.floor(bytes / keys);
}

function sizesIn(large: readonly RespValue[], keys: readonly string[], share: number): number[] {
  const sizes = keys.map(() => share);
  for (let at = 0; at + 1 < large.length; at += 2) sizes[Number(large[at]) - 1] = Number(large[at + 1]);
  return sizes;
}

/** Null for a key that has expired meanwhile. */
async function sizesOf(mover: Mover, name: string, keys: readonly string[]): Promise<number[]> {
  const replies = await mover.links.send(
    name,
    keys.map((key) => ['MEMORY', 'USAGE', key]),
  );
  return replies.map((reply) => (typeof reply === 'number' ? reply : 0));
}

function keysIn(reply: RespValue | undefined): string[] {
  return Array.isArray(reply) ? reply.filter((key) => typeof key === 'string') : [];
}
