import type { ClusterIo } from '../node/cluster-io.ts';
import { DEFAULT_NODE_TIMEOUT_MS, type SeenNode } from '../node/observe.ts';
import { compareVersions } from '../versions/server-version.ts';
import { knows, place as nameOf } from './classify.ts';
import { type Pair, strangersAmong } from './reach.ts';
import { queryOf } from './topology.ts';

/** How long a server drops a node after FORGET; Valkey has `cluster-blacklist-ttl` for it. */
const BAN_MS = 60_000;
/** For the last ones to hear of the node once the ban is over. */
const AFTERWARDS_MS = 10_000;
/** A node pings every other within half of its node timeout, and does so in ticks of 100 ms. */
const PING_MS = 1000;

/** Ids of nodes that some may have been told to forget, and tell others so: they were members once, and are not known by all. */
export function forgottenAmong(seen: readonly SeenNode[]): Set<string> {
  const forgotten = strangersAmong(seen).filter(({ from, to }) => tellsWhomItForgot(from) && wasMember(to, from));
  return new Set(forgotten.map(({ to }) => to.self.id));
}

/** CLUSTER RESET SOFT leaves a node its id and its epoch. */
function wasMember(view: SeenNode, by: SeenNode): boolean {
  return knows(view, by) || (view.others.length === 0 && view.epoch > 0);
}

function tellsWhomItForgot({ flavor, version }: SeenNode): boolean {
  return flavor === 'valkey' || compareVersions(version, '7.2') >= 0;
}

/**
 * A node that was forgotten and comes back is dropped again by everyone who hears of it, for as long as the ban of that FORGET lasts:
 * servers from Redis 7.2 and Valkey on tell each other with every ping. Nothing else says that there is a ban; it shows in a node that
 * a peer knows and then does not know any more. So nodes that may have been forgotten have to be known by all others until
 * each has heard from each.
 */
export class Ban {
  readonly #io: ClusterIo;
  readonly #suspects: ReadonlySet<string>;
  readonly #met = new Set<string>();
  readonly #knownSince = new Map<string, number>();
  #banned: { readonly name: string; readonly ms: number } | undefined;
  #pingMs = 0;

  constructor(io: ClusterIo, suspects: ReadonlySet<string> = new Set()) {
    this.#io = io;
    this.#suspects = suspects;
  }

  /** Milliseconds to wait without progress, where `stallMs` are enough without a ban. */
  patience(stallMs: number): number {
    const ms = Math.max(this.#banned?.ms ?? 0, this.#suspects.size > 0 ? this.#pingMs : 0);
    return ms === 0 ? stallMs : Math.max(stallMs, ms + AFTERWARDS_MS);
  }

  /** For people, to be appended. */
  get reason(): string {
    if (!this.#banned) return '';
    return `; ${this.#banned.name} was forgotten, and the others drop it again until that is ${this.#banned.ms / 1000} s ago`;
  }

  /** Gives the nodes that may be dropped yet although all others know them. */
  async look(seen: readonly SeenNode[], strange: readonly Pair[]): Promise<SeenNode[]> {
    await this.#seek(strange);
    for (const from of seen) for (const to of seen) if (knows(from, to)) this.#met.add(keyOf({ from, to }));
    const timeouts = seen.map(({ nodeTimeoutMs }) => nodeTimeoutMs ?? DEFAULT_NODE_TIMEOUT_MS);
    this.#pingMs = Math.max(0, ...timeouts) / 2 + PING_MS;
    const unknown = new Set(strange.map(({ to }) => to.self.id));
    return seen.filter(({ self: { id } }) => this.#suspects.has(id) && !this.#isSure(id, unknown.has(id)));
  }

  #isSure(id: string, isUnknown: boolean): boolean {
    const now = this.#io.now();
    const since = isUnknown ? now : (this.#knownSince.get(id) ?? now);
    this.#knownSince.set(id, since);
    return now - since >= this.#pingMs;
  }

  async #seek(strange: readonly Pair[]): Promise<void> {
    if (this.#banned) return;
    const dropped = strange.find((pair) => this.#met.has(keyOf(pair)));
    if (dropped) this.#banned = { name: nameOf(dropped.to), ms: await banOf(dropped.from, this.#io) };
  }
}

function keyOf({ from, to }: Pair): string {
  return `${from.self.id} ${to.self.id}`;
}

async function banOf({ node }: SeenNode, io: ClusterIo): Promise<number> {
  const answer = await io.query(queryOf(node, [['CONFIG', 'GET', 'cluster-blacklist-ttl']]));
  const [reply] = answer.ok ? answer.replies : [];
  const seconds = Array.isArray(reply) && typeof reply[1] === 'string' ? Number(reply[1]) : Number.NaN;
  return Number.isFinite(seconds) ? seconds * 1000 : BAN_MS;
}
