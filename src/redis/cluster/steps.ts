import { countSlots, formatSlots, type SlotRange, slotsOf } from '../slots/slots.ts';
import type { MigrationWay } from '../versions/atomic-migration.ts';
import type { DeclaredNode } from './topology.ts';

export interface AddSlots {
  readonly do: 'add-slots';
  readonly node: string;
  readonly slots: readonly SlotRange[];
  /** Those of them that it believes to be another's, who says that they are not. */
  readonly release?: readonly SlotRange[];
  /** Somebody believes that of some. */
  readonly isDisputed?: boolean;
}

/** One idempotent step. Nodes go by name (`host:port`), since ids may only be known when it runs. */
export type Step =
  | { readonly do: 'flush'; readonly node: string }
  | { readonly do: 'reset'; readonly node: string }
  /** A replica takes the slots of its dead master, if a majority of masters agrees. */
  | { readonly do: 'take-over'; readonly node: string; readonly from: string }
  /** A replica of a dead master follows a living one: nobody can forget its own master. */
  | { readonly do: 'leave-dead'; readonly node: string; readonly master: string }
  | { readonly do: 'forget-dead'; readonly node: string; readonly gone: string; readonly id: string }
  /** The same by its own replica, which has to follow another master first. */
  | { readonly do: 'forget-master'; readonly node: string; readonly gone: string; readonly id: string }
  | { readonly do: 'hasten'; readonly node: string }
  | { readonly do: 'set-epoch'; readonly node: string; readonly epoch: number }
  | { readonly do: 'meet'; readonly node: string; readonly peer: string }
  | AddSlots
  | { readonly do: 'await-members' }
  | { readonly do: 'replicate'; readonly node: string; readonly master: string }
  | { readonly do: 'await-settled' }
  /** Slots move only to a node that says ok itself, is connected to all, and has its replicas. */
  | { readonly do: 'await-receivers' }
  /** For a master that owns nothing yet. */
  | { readonly do: 'copy-functions'; readonly node: string; readonly from: string }
  /** The node owns the slots: keys of theirs on other nodes are brought to it, and all marks removed. */
  | { readonly do: 'close-slots'; readonly node: string; readonly slots: readonly SlotRange[] }
  | {
      readonly do: 'move-slots';
      readonly node: string;
      readonly to: string;
      readonly slots: readonly SlotRange[];
      /** The node's last slots: it comes last, and the node and its replicas then make themselves replicas of `to`. */
      readonly empties: boolean;
      /** What does it: keys that MIGRATE sends one after the other, or the servers themselves at one moment. */
      readonly by: MigrationWay;
    }
  /** For a replica whose master leaves, once that one owns nothing any more. */
  | { readonly do: 'follow'; readonly node: string; readonly master: string }
  | { readonly do: 'forget'; readonly node: string; readonly gone: string; readonly id: string }
  /** Undefined `ms`: what the node had before, or its config file says. */
  | { readonly do: 'set-timeout'; readonly node: string; readonly ms: number | undefined };

/** Steps that only wait change nothing. */
export function changesSomething(step: Step): boolean {
  return !step.do.startsWith('await-');
}

/**
 * While a cluster forms, a node timeout of two seconds makes everyone ping everyone each second. The odd millisecond marks
 * the value as temporary: a later run that finds it knows that it has to be restored.
 */
export const TEMPORARY_NODE_TIMEOUT_MS = 2001;

/** Tells steps in few lines, for `steps` of the result and for people: what is the same on many nodes is one line. */
export function describeSteps(steps: readonly Step[]): string[] {
  const lines: string[] = [];
  for (const [kind, same] of groupByKind(steps)) {
    const nodes = [...new Set(same.flatMap((step) => ('node' in step ? [step.node] : [])))];
    const where = nodes.length > 2 ? `${nodes.length} nodes` : nodes.join(', ');
    if (kind === 'hasten') lines.push(`${where}: ${HASTENED}`);
    else if (kind === 'set-epoch') lines.push(`${where}: a config epoch of its own for each`);
    else if (kind === 'meet') lines.push(introductions(same));
    else if (kind === 'set-timeout') lines.push(...timeouts(same));
    else if (kind === 'forget-dead' || kind === 'forget-master') lines.push(...farewells(same));
    else if (kind === 'forget') lines.push(...partings(same));
    else lines.push(...same.map(describeStep));
  }
  return lines;
}

const HASTENED = `cluster-node-timeout ${TEMPORARY_NODE_TIMEOUT_MS} and repl-diskless-sync-delay 0 until the cluster stands`;

function groupByKind(steps: readonly Step[]): Map<Step['do'], Step[]> {
  const groups = new Map<Step['do'], Step[]>();
  for (const step of steps) {
    const group = groups.get(step.do);
    if (group) group.push(step);
    else groups.set(step.do, [step]);
  }
  return groups;
}

function introductions(meets: readonly Step[]): string {
  const [only] = meets;
  if (only && meets.length === 1) return describeStep(only);
  const nodes = new Set(meets.flatMap((step) => (step.do === 'meet' ? [step.node, step.peer] : [])));
  return `${nodes.size} nodes: meet each other (${meets.length} pairs)`;
}

function timeouts(steps: readonly Step[]): string[] {
  const byValue = new Map<string, string[]>();
  for (const step of steps) {
    if (step.do !== 'set-timeout') continue;
    const value = `cluster-node-timeout ${step.ms ?? 'as before'}`;
    byValue.set(value, [...(byValue.get(value) ?? []), step.node]);
  }
  return [...byValue].map(
    ([value, nodes]) => `${nodes.length > 2 ? `${nodes.length} nodes` : nodes.join(', ')}: ${value}`,
  );
}

function farewells(steps: readonly Step[]): string[] {
  const byId = new Map<string, { readonly gone: string; readonly nodes: string[] }>();
  for (const step of steps) {
    if (step.do !== 'forget-dead' && step.do !== 'forget-master') continue;
    const entry = byId.get(step.id) ?? { gone: step.gone, nodes: [] };
    entry.nodes.push(step.node);
    byId.set(step.id, entry);
  }
  return [...byId].map(
    ([id, { gone, nodes }]) =>
      `${nodes.length > 2 ? `${nodes.length} nodes` : nodes.join(', ')}: forget ${gone} (${id}), which is gone`,
  );
}

function partings(steps: readonly Step[]): string[] {
  const byNode = new Map<string, string[]>();
  for (const step of steps) {
    if (step.do === 'forget') byNode.set(step.gone, [...(byNode.get(step.gone) ?? []), step.node]);
  }
  return [...byNode].map(
    ([gone, nodes]) => `${nodes.length > 2 ? `${nodes.length} nodes` : nodes.join(', ')}: forget ${gone}`,
  );
}

const WAYS: Readonly<Record<MigrationWay, string>> = {
  MIGRATE: 'key by key (MIGRATE)',
  MIGRATESLOTS: 'all at one moment (MIGRATESLOTS)',
  IMPORT: 'all at one moment (MIGRATION IMPORT)',
};

/** Tells one step in one line. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case 'flush':
      return `${step.node}: throw away its keys, as allowed`;
    case 'reset':
      return `${step.node}: make it forget its cluster, as allowed`;
    case 'take-over':
      return `${step.node}: take over from ${step.from}, which is dead, as allowed`;
    case 'leave-dead':
      return `${step.node}: replicate ${step.master}, since its master is gone`;
    case 'forget-dead':
    case 'forget-master':
      return `${step.node}: forget ${step.gone} (${step.id}), which is gone`;
    case 'hasten':
      return `${step.node}: ${HASTENED}`;
    case 'set-epoch':
      return `${step.node}: config epoch ${step.epoch}`;
    case 'meet':
      return `${step.node}: meet ${step.peer}`;
    case 'add-slots':
      return `${step.node}: add slots ${formatSlots(step.slots)}`;
    case 'await-members':
      return 'wait until every node knows every other';
    case 'replicate':
      return `${step.node}: replicate ${step.master}`;
    case 'follow':
      return `${step.node}: replicate ${step.master}`;
    case 'await-receivers':
      return 'wait until every node is connected to every other, says ok, and every replica is linked';
    case 'copy-functions':
      return `${step.node}: copy the functions of ${step.from}`;
    case 'close-slots':
      return `${step.node}: close slots ${formatSlots(step.slots)}, bringing keys of theirs from other nodes`;
    case 'move-slots':
      return `${step.node}: move slots ${formatSlots(step.slots)} (${countSlots(step.slots)} slots) to ${step.to}, ${WAYS[step.by]}`;
    case 'forget':
      return `${step.node}: forget ${step.gone}`;
    case 'await-settled':
      return 'wait until all agree, say ok and every replica is linked';
    case 'set-timeout':
      return `${step.node}: cluster-node-timeout ${step.ms ?? 'as before'}`;
  }
}

/**
 * ADDSLOTS with every slot: 4.0 to 6.2 know no ADDSLOTSRANGE, and one command is as atomic. A node takes no slot that it believes to be
 * another's, and the others believe who had a higher config epoch than it has.
 */
export function addSlotsCommands({ slots, release = [], isDisputed = false }: AddSlots): string[][] {
  const words = (ranges: readonly SlotRange[]): string[] => [...slotsOf(ranges)].map(String);
  return [
    ...(release.length > 0 ? [['CLUSTER', 'DELSLOTS', ...words(release)]] : []),
    ['CLUSTER', 'ADDSLOTS', ...words(slots)],
    ...(isDisputed ? [['CLUSTER', 'BUMPEPOCH']] : []),
  ];
}

/** The bus port is given only where a server would not guess it: servers before 4.0 do not take it. */
export function meetCommand(peer: DeclaredNode, busPort: number): string[] {
  const command = ['CLUSTER', 'MEET', peer.address, String(peer.port)];
  return busPort === 0 || busPort === peer.port + 10000 ? command : [...command, String(busPort)];
}
