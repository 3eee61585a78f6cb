import type { EncodedWords, RespValue } from '../node/contract.ts';
import { decodeWords, encodeWords } from '../node/resp.ts';
import type { Mover } from './mover.ts';
import type { Limits } from './pace.ts';

/** Keys of a slot that the next MIGRATEs take. */
export interface SlotKeys {
  readonly slot: number;
  readonly keys: EncodedWords;
  /** Bytes that none of them takes more than, but for the large ones. */
  readonly share: number;
  /** Sizes in bytes, by their place among the keys. */
  readonly large: ReadonlyMap<number, number>;
}

/**
 * Keys of slot ARGV[1], ARGV[2] at the most, and those that are larger than ARGV[3] bytes: their indices, each with its size. To ask for
 * every key by itself kept a giver busy for as long as a third of the move; to send it the keys that it has just listed, for a tenth more.
 * The keys come as one text, as the words of the MIGRATE that takes them: as so many replies they took a third of what this process spends on a move.
 */
const KEYS_AND_LARGE = `
local call, bound, large, parts, heads = redis.call, tonumber(ARGV[3]), {}, {}, {}
local keys = call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], ARGV[2])
for index = 1, #keys do
  local key = keys[index]
  local bytes, head = call('MEMORY', 'USAGE', key), heads[#key]
  if not head then
    head = '$' .. #key .. '\\r\\n'
    heads[#key] = head
  end
  local at = 3 * index
  parts[at - 2], parts[at - 1], parts[at] = head, key, '\\r\\n'
  if bytes and bytes > bound then
    large[#large + 1] = index
    large[#large + 1] = bytes
  end
end
return {#keys, table.concat(parts), large}`;

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
      if (!Array.isArray(reply)) return await listPlainly(mover, name, slot, share);
      const [count, resp, large] = reply;
      return { slot, keys: { count: Number(count), resp: String(resp) }, share, large: sizesIn(large) };
    }),
  );
  return listed.filter(({ keys }) => keys.count > 0);
}

/** One by one, each with its size. */
export function eachKey({ keys, share, large }: SlotKeys): { readonly key: string; readonly bytes: number }[] {
  return decodeWords(keys).map((key, at) => ({ key, bytes: large.get(at) ?? share }));
}

/** Where scripts are not allowed, or refused: one of the keys has expired since the slot was opened. */
async function listPlainly(mover: Mover, name: string, slot: number, share: number): Promise<SlotKeys> {
  const [reply] = await mover.links.send(name, [
    ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(mover.pace.limits.keys)],
  ]);
  const keys = Array.isArray(reply) ? reply.filter((key) => typeof key === 'string') : [];
  const sizes = await mover.links.send(
    name,
    keys.map((key) => ['MEMORY', 'USAGE', key]),
  );
  // Null for a key that has expired meanwhile.
  const large = sizes.flatMap((size, at) => (typeof size === 'number' && size > share ? [[at, size] as const] : []));
  return { slot, keys: encodeWords(keys), share, large: new Map(large) };
}

/** Keys that are no larger fit into one MIGRATE, as many as it may have. */
function shareOf({ bytes, keys }: Limits): number {
  return Math.floor(bytes / keys);
}

function sizesIn(pairs: RespValue | undefined): Map<number, number> {
  const sizes = new Map<number, number>();
  if (!Array.isArray(pairs)) return sizes;
  for (let at = 0; at + 1 < pairs.length; at += 2) sizes.set(Number(pairs[at]) - 1, Number(pairs[at + 1]));
  return sizes;
}
