import { SLOT_COUNT } from '../slots/slots.ts';
import type { RollingNode } from './rolling-node.ts';

/** Masters that hand over before the nodes of their hosts may stop, and the nodes that stop then. */
export interface AwayPlan {
  readonly handovers: readonly { readonly master: string; readonly heir: string }[];
  readonly stops: readonly string[];
  readonly refusals: readonly string[];
}

/**
 * Takes nodes away for a while. Every shard keeps a node that serves, and no shard gives more than one: what is away then is
 * what could be lost anyway without a word lost. All masters serve elsewhere before the first node stops, so that the quorum stays.
 */
export function planAway(nodes: readonly RollingNode[], leaving: ReadonlySet<string>): AwayPlan {
  const shards = new Map<string, RollingNode[]>();
  for (const node of nodes)
    shards.set(node.master ?? node.name, [...(shards.get(node.master ?? node.name) ?? []), node]);
  const handovers: { master: string; heir: string }[] = [];
  const refusals: string[] = [];
  for (const members of shards.values()) {
    const gone = members.filter(({ name }) => leaving.has(name));
    const up = gone.filter(({ down }) => !down);
    const stay = members.filter((node) => !leaving.has(node.name) && !node.down);
    if (up.length === 0) continue;
    const names = gone.map(({ name }) => name).join(', ');
    const ownsSlots = members.some(({ slots }) => slots > 0);
    if (stay.length === 0 && !ownsSlots) continue;
    if (stay.length === 0) {
      refusals.push(`${names}: nobody would be left to serve the slots of this shard`);
      continue;
    }
    if (gone.length > 1) {
      refusals.push(`${names} are ${gone.length} nodes of one shard: take them away one after the other`);
      continue;
    }
    const away = members.filter((node) => node.down && !leaving.has(node.name)).map(({ name }) => name);
    if (away.length > 0) {
      refusals.push(`${names}: ${away.join(', ')} of the same shard is down already`);
      continue;
    }
    const master = up.find(({ role }) => role === 'master');
    const heir = heirOf(stay);
    if (master && heir) handovers.push({ master: master.name, heir: heir.name });
    else if (master) refusals.push(`${names}: no replica of it is in sync`);
  }
  const stops = nodes.filter(({ name, down }) => leaving.has(name) && !down).map(({ name }) => name);
  return refusals.length > 0 ? { handovers: [], stops: [], refusals } : { handovers, stops, refusals };
}

/**
 * More slots are owned than there are: a master has not heard yet who succeeded it, which a run that was killed may have left a moment
 * ago. Who belongs to which shard cannot be told before that is over.
 */
export function isBeingSucceeded(nodes: readonly RollingNode[]): boolean {
  const owned = nodes.filter(({ down }) => !down).reduce((sum, { slots }) => sum + slots, 0);
  return owned > SLOT_COUNT;
}

function heirOf(stay: readonly RollingNode[]): RollingNode | undefined {
  const synced = stay.filter((node) => node.role === 'replica' && node.inSync);
  return synced.reduce<RollingNode | undefined>(
    (best, one) => (best && best.offset >= one.offset ? best : one),
    undefined,
  );
}
