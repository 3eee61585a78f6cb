import { randomBytes } from 'node:crypto';
import { type DeclaredNode, isEndpointOf, nodeName } from '../cluster/topology.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import type { NodeLink, RespValue } from '../node/contract.ts';
import { keySlot } from '../node/key-slot.ts';
import { type NodeView, type SeenNode, said } from '../node/observe.ts';
import { slotsOf } from '../slots/slots.ts';

const PREFIX = 'rcdeploy:probe:';
/** What a killed run leaves behind is gone after this; longer than any shard may be away. */
const EXPIRY_MS = 600_000;
const PAUSE_MS = 50;
/** What a cluster-aware client does by default: 16 tries, 100 ms apart. */
const TRIES = 16;
const RETRY_MS = 100;
const ANSWER_MS = 5000;

/** What clients felt during an operation, as a probe that writes to every shard felt it. Plain data with fixed names. */
export interface FlightReport {
  readonly seconds: number;
  /** By the first master of each shard: the longest time in which no write was answered. */
  readonly shards: readonly { readonly shard: string; readonly without_master_ms: number }[];
  readonly probes: number;
  /** Probes that failed although they were tried as long as a client tries by default. */
  readonly errors: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Answered writes of the probe that were gone later. */
  readonly writes_lost: number;
}

interface Shard {
  readonly name: string;
  readonly key: string;
  owner: DeclaredNode;
  /** Value of the last answered INCR. */
  counted: number;
  lastWrite: number;
  longestMs: number;
}

/** Counts up a key in each shard all the time: an answered count that is gone afterwards is a lost write. */
export class FlightRecorder {
  readonly #nodes: readonly DeclaredNode[];
  readonly #io: ClusterIo;
  readonly #shards: Shard[];
  readonly #links = new Map<string, NodeLink>();
  readonly #times: number[] = [];
  readonly #began: number;
  #errors = 0;
  #lost = 0;
  #over = false;
  #loops: readonly Promise<void>[] = [];

  constructor(views: readonly NodeView[], io: ClusterIo) {
    this.#nodes = views.map(({ node }) => node);
    this.#io = io;
    this.#began = io.now();
    const masters = views.filter((view) => view.seen).filter(({ self }) => self.slots.length > 0);
    this.#shards = masters.map((view) => shardOf(view, this.#began));
  }

  start(): void {
    this.#loops = this.#shards.map(async (shard) => {
      // Ends with the run when that is interrupted.
      await this.#keepWriting(shard).catch(() => undefined);
    });
  }

  /** What the guard looks at. */
  get figures(): { readonly p99Ms: number; readonly errors: number } {
    return { p99Ms: this.#percentile(0.99), errors: this.#errors };
  }

  async stop(): Promise<FlightReport> {
    this.#over = true;
    await Promise.all(this.#loops);
    const now = this.#io.now();
    for (const shard of this.#shards) {
      this.#note(shard, now);
      await this.#send(shard, [['DEL', shard.key]]).catch(() => undefined);
    }
    for (const link of this.#links.values()) link.close();
    return {
      seconds: Math.round((now - this.#began) / 100) / 10,
      shards: this.#shards.map(({ name, longestMs }) => ({ shard: name, without_master_ms: Math.round(longestMs) })),
      probes: this.#times.length,
      errors: this.#errors,
      p99_ms: Math.round(this.#percentile(0.99) * 10) / 10,
      max_ms: Math.round(this.#percentile(1) * 10) / 10,
      writes_lost: this.#lost,
    };
  }

  async #keepWriting(shard: Shard): Promise<void> {
    while (!this.#over) {
      const began = this.#io.now();
      const written = await this.#writeOnce(shard);
      this.#times.push(this.#io.now() - began);
      if (!written) this.#errors += 1;
      await this.#io.sleep(PAUSE_MS);
    }
  }

  async #writeOnce(shard: Shard): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const [reply = null] = await this.#send(shard, [
        ['INCR', shard.key],
        ['PEXPIRE', shard.key, String(EXPIRY_MS)],
      ]).catch((error: Error): RespValue[] => [{ error: error.message }]);
      if (typeof reply === 'number') {
        // A count that was sent twice because its answer got lost is no loss: it only grows faster.
        if (reply <= shard.counted) this.#lost += shard.counted - reply + 1;
        shard.counted = reply;
        this.#note(shard, this.#io.now());
        return true;
      }
      const moved = this.#redirected(said(reply));
      shard.owner = moved ?? this.#nextAfter(shard.owner);
      if (!moved) await this.#io.sleep(RETRY_MS);
    }
    return false;
  }

  #note(shard: Shard, now: number): void {
    shard.longestMs = Math.max(shard.longestMs, now - shard.lastWrite);
    shard.lastWrite = now;
  }

  #redirected(text: string): DeclaredNode | undefined {
    const [word, , target] = text.split(' ');
    return word === 'MOVED' ? this.#nodes.find((node) => isEndpointOf(target ?? '', node)) : undefined;
  }

  /** Whoever is asked next redirects to the owner, if it is not that itself. */
  #nextAfter(node: DeclaredNode): DeclaredNode {
    return this.#nodes[(this.#nodes.indexOf(node) + 1) % this.#nodes.length] ?? node;
  }

  async #send(shard: Shard, commands: readonly (readonly string[])[]): Promise<RespValue[]> {
    const name = nodeName(shard.owner);
    let link = this.#links.get(name);
    if (!link?.isOpen) {
      link = await this.#io.link(shard.owner);
      this.#links.set(name, link);
    }
    return await link.send(commands, ANSWER_MS);
  }

  #percentile(part: number): number {
    const sorted = Float64Array.from(this.#times).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  }
}

function shardOf(view: SeenNode, now: number): Shard {
  const slots = new Set(slotsOf(view.self.slots));
  for (;;) {
    const key = `${PREFIX}${randomBytes(9).toString('hex')}`;
    if (slots.has(keySlot(key)))
      return { name: nodeName(view.node), key, owner: view.node, counted: 0, lastWrite: now, longestMs: 0 };
  }
}

/** One line for people. */
export function describeFlight(report: FlightReport): string {
  const gaps = report.shards.map(({ shard, without_master_ms }) => `${shard} ${without_master_ms} ms`).join(', ');
  return `flight report: longest without a writable master ${gaps}; ${report.probes} probes, ${report.errors} errors, p99 ${report.p99_ms} ms, max ${report.max_ms} ms; writes lost ${report.writes_lost}`;
}
