import { randomBytes } from 'node:crypto';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { RespValue } from '../node/contract.ts';
import { keySlot } from '../node/key-slot.ts';
import { type SeenNode, said } from '../node/observe.ts';
import { place as nameOf } from './classify.ts';
import { isEndpointOf, queryOf } from './topology.ts';

const PREFIX = 'rcdeploy:canary:';
/** A key that a killed run left behind is gone after this. */
const EXPIRY_MS = 10_000;

interface Probe {
  readonly key: string;
  readonly value: string;
  readonly owner: SeenNode;
}

/**
 * Writes and reads a random, short-lived key for every shard: sent to a node that does not own the slot, followed where it
 * redirects to, read back and removed there. Returns sentences about what went wrong.
 */
export async function canary(seen: readonly SeenNode[], io: ClusterIo): Promise<string[]> {
  const probes = seen.filter((view) => view.role === 'master' && view.self.slots.length > 0).map(probeFor);
  const found = await Promise.all(probes.map(async (probe) => await tryShard(probe, seen, io)));
  return found.flat();
}

function probeFor(owner: SeenNode): Probe {
  for (;;) {
    const key = `${PREFIX}${randomBytes(9).toString('hex')}`;
    const slot = keySlot(key);
    if (owner.self.slots.some(([first, last]) => first <= slot && slot <= last))
      return { key, value: randomBytes(9).toString('hex'), owner };
  }
}

async function tryShard({ key, value, owner }: Probe, seen: readonly SeenNode[], io: ClusterIo): Promise<string[]> {
  const shard = `canary for the shard of ${nameOf(owner)}`;
  const stranger = seen.find((view) => view !== owner && view.self.masterId !== owner.self.id) ?? owner;
  const write = ['SET', key, value, 'PX', String(EXPIRY_MS)];
  const first = await one(stranger, write, io);
  const target = redirection(first, seen);
  if (stranger !== owner && target === undefined)
    return [`${shard}: ${nameOf(stranger)} did not redirect a write: ${said(first)}`];
  if (target !== undefined && target !== owner) return [`${shard}: ${nameOf(stranger)} redirects to ${nameOf(target)}`];
  const answer = await io.query(queryOf(owner.node, [write, ['GET', key], ['DEL', key]]));
  if (!answer.ok) return [`${shard}: ${answer.message}`];
  const [written, read] = answer.replies;
  if (written !== 'OK') return [`${shard}: the write was answered ${said(written)}`];
  return read === value ? [] : [`${shard}: read back ${said(read)} instead of what was written`];
}

async function one(view: SeenNode, command: readonly string[], io: ClusterIo): Promise<RespValue> {
  const answer = await io.query(queryOf(view.node, [command]));
  return answer.ok ? (answer.replies[0] ?? null) : { error: answer.message };
}

/** `MOVED slot host:port`; the host may be empty (the asked node's own) or a hostname. */
function redirection(reply: RespValue, seen: readonly SeenNode[]): SeenNode | undefined {
  const [word, , target = ''] = said(reply).split(' ');
  if (word !== 'MOVED') return undefined;
  const at = target.lastIndexOf(':');
  const [host, port] = [target.slice(0, at), Number(target.slice(at + 1))];
  return seen.find(
    (view) =>
      isEndpointOf(target, view.node) ||
      (view.node.port === port && [view.self.address, view.self.hostname].includes(host)),
  );
}
