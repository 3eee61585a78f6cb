import type { RespValue } from '../node/contract.ts';
import type { Mover } from './mover.ts';
import type { Limits } from './pace.ts';

/** Keys of a slot that the next MIGRATEs take. */
export interface SlotKeys {
  readonly slot: number;
  readonly keys: readonly { readonly key: string; readonly bytes: number }[];
}

/**
 * Finds the keys that are larger than ARGV[1] bytes: their indices, each with its size. To ask for every key by itself kept a giver busy for
 * as long as a third of the move, and its clients waiting behind two thousand questions at once.
 */
const LARGE_KEYS = `
local large = {}
for index, key in ipairs(KEYS) do
  local bytes = redis.call('MEMORY', 'USAGE', key)
  if bytes and bytes > tonumber(ARGV[1]) then
    large[#large + 1] = index
    large[#large + 1] = bytes
  end
end
return large`;

/** Some keys of each slot, as many as the pace allows, with their sizes; slots that have none are not among them. */
export async function listKeys(mover: Mover, name: string, slots: readonly number[]): Promise<SlotKeys[]> {
  const { limits } = mover.pace;
  const replies = await mover.links.send(
    name,
    slots.map((slot) => ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(limits.keys)]),
  );
  const found = slots.flatMap((slot, index) => {
    const keys = keysIn(replies[index]);
    return keys.length > 0 ? [{ slot, keys }] : [];
  });
  const large = await mover.links.send(
    name,
    found.map(({ keys }) => ['EVAL', LARGE_KEYS, String(keys.length), ...keys, String(shareOf(limits))]),
  );
  return await Promise.all(
    found.map(async ({ slot, keys }, index) => {
      const reply = large[index];
      const sizes = Array.isArray(reply) ? sizesIn(reply, keys, shareOf(limits)) : await sizesOf(mover, name, keys);
      return { slot, keys: keys.map((key, at) => ({ key, bytes: sizes[at] ?? 0 })) };
    }),
  );
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

/** Where scripts are not allowed, or refused since the slot is open. Null for a key that has expired meanwhile. */
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
