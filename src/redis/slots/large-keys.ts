import { place as nameOf } from '../cluster/classify.ts';
import { DEFAULT_NODE_TIMEOUT_MS } from '../node/observe.ts';
import type { Mover } from './mover.ts';
import { eachKey, type SlotKeys } from './slot-keys.ts';

/** Smaller ones move within a second whatever they are made of: they are not looked at more closely. */
const LOOKED_AT_BYTES = 16 * 1024 * 1024;
/** A gigabit network. One server to another on one machine: 65 (a hash) to 430 KiB (a string) in a millisecond. */
const BYTES_PER_MS = 100 * 1024;
/** Half of what was measured for a million small elements (Redis 7.0.15); lists and streams are packed, and as fast as their bytes. */
const ELEMENTS_PER_MS = 500;
/** Part of the node timeout that a server may be silent for. */
const SILENCE = 0.5;

const COUNTS: Readonly<Record<string, string>> = { hash: 'HLEN', set: 'SCARD', zset: 'ZCARD' };

export const KEY_TOO_LARGE_HINT =
  'divide the key, or raise node_timeout (redis_node_timeout) for as long as its slot moves, then run this again';

/**
 * Slots with a key that takes longer to move than servers may be silent, and why, by slot. MIGRATE blocks both sides until the last byte
 * has arrived: beyond the node timeout the others take them for dead and their replicas take over, in the middle of the move.
 */
export async function unmovable(mover: Mover, name: string, listed: readonly SlotKeys[]): Promise<Map<number, string>> {
  const large = listed
    .filter((entry) => [...entry.large.values()].some(isLookedAt))
    .flatMap((entry) =>
      eachKey(entry)
        .filter(({ bytes }) => isLookedAt(bytes))
        .map((key) => ({ slot: entry.slot, ...key })),
    );
  if (large.length === 0) return new Map();
  const view = mover.links.view(name);
  const timeoutMs = Math.min(...mover.links.views().map((one) => one.nodeTimeoutMs ?? DEFAULT_NODE_TIMEOUT_MS));
  const refusals = new Map<number, string>();
  for (const { slot, key, bytes } of large) {
    const { type, elements } = await shapeOf(mover, name, key);
    const ms = bytes / BYTES_PER_MS + elements / ELEMENTS_PER_MS;
    if (ms <= timeoutMs * SILENCE) continue;
    const shown = JSON.stringify(Buffer.from(key, 'latin1').toString('utf8'));
    const size = `${Math.round(bytes / 1024 / 1024)} MiB${elements > 1 ? `, ${elements} elements` : ''}`;
    refusals.set(
      slot,
      `slot ${slot} stays on ${nameOf(view)}: to move its key ${shown} (${type}, ${size}) would block the server for about ${(ms / 1000).toFixed(1)} s; with a node timeout of ${timeoutMs / 1000} s it could be taken for dead meanwhile`,
    );
  }
  return refusals;
}

function isLookedAt(bytes: number): boolean {
  return bytes >= LOOKED_AT_BYTES;
}

async function shapeOf(mover: Mover, name: string, key: string): Promise<{ type: string; elements: number }> {
  const [type] = await mover.links.send(name, [['TYPE', key]]);
  const count = COUNTS[String(type)];
  if (count === undefined) return { type: String(type), elements: 1 };
  const [elements] = await mover.links.send(name, [[count, key]]);
  return { type: String(type), elements: typeof elements === 'number' ? elements : 1 };
}
