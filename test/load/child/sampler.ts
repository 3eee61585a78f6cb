import { keySlot } from '../../../src/redis/node/key-slot.ts';
import { type MemberLine, parseNodes } from '../../../src/redis/node/nodes-line.ts';
import { accessIn, type LoadFigures, type LoadOptions } from '../contract.ts';
import { NodeWatch } from './node-watch.ts';

const LOOK_MS = 20;
/** Who belongs to the cluster is asked less often. */
const MEMBERS_MS = 200;
const NAMED = 200;

interface Probe {
  readonly key: string;
  readonly shard: string;
  lastTaken: number;
  longestMs: number;
}

/**
 * Looks at every node each 20 ms, and writes a key of each shard just as often. Nodes belong to a shard by descent: a replica
 * to its master's, a promoted one still to the same; so a failover does not hide that two nodes of a shard are down.
 */
export class Sampler {
  readonly #options: LoadOptions;
  readonly #watches = new Map<string, NodeWatch>();
  readonly #home = new Map<string, string>();
  readonly #told = new Map<string, string>();
  readonly #probes: Probe[] = [];
  readonly #incidents: string[] = [];
  readonly #began = performance.now();
  #mostDown = 0;
  #mostOut = 0;
  #members = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (const { host, port } of this.#options.seeds) this.#watch(host, port);
    const lines = await this.#askAnyone();
    this.#take(lines);
    for (const line of lines)
      if (line.slots.length > 0) this.#probes.push(probeOf(line, this.#options.prefix ?? 'load'));
    await this.#allSeen();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #watch(host: string, port: number): void {
    const endpoint = `${host}:${port}`;
    if (!this.#watches.has(endpoint)) this.#watches.set(endpoint, new NodeWatch(host, port, accessIn(this.#options)));
  }

  async #askAnyone(): Promise<MemberLine[]> {
    const end = performance.now() + 10_000;
    for (;;) {
      for (const watch of this.#watches.values()) {
        const text = await watch.nodes().catch(() => undefined);
        if (text !== undefined) return parseNodes(text);
      }
      if (performance.now() > end) throw new Error('no seed of the load answers CLUSTER NODES');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The sampler begins when it has seen every node well, so that its own connecting is no incident. */
  async #allSeen(): Promise<void> {
    const end = performance.now() + 10_000;
    const down = (): NodeWatch[] => [...this.#watches.values()].filter(({ state }) => state.is === 'down');
    while (down().length > 0) {
      if (performance.now() > end)
        throw new Error(`down before the load began: ${down().map((watch) => watch.endpoint)}`);
      for (const watch of this.#watches.values()) watch.look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    for (const probe of this.#probes) probe.lastTaken = performance.now();
  }

  /** Newcomers are watched from now on; who was forgotten is not missed. */
  #take(lines: readonly MemberLine[]): void {
    const members = new Map(lines.map((line) => [`${line.address}:${line.port}`, line]));
    for (const [endpoint, line] of members) {
      if (line.flags.has('handshake') || line.flags.has('noaddr')) continue;
      this.#watch(line.address, line.port);
      const master = lines.find(({ id }) => id === line.masterId);
      if (!this.#home.has(endpoint))
        this.#home.set(endpoint, master === undefined ? endpoint : `${master.address}:${master.port}`);
    }
    for (const [endpoint, watch] of this.#watches) {
      if (members.has(endpoint)) continue;
      watch.close();
      this.#watches.delete(endpoint);
      this.#home.delete(endpoint);
      this.#note(endpoint, 'is no member any more');
    }
  }

  #look(): void {
    const now = performance.now();
    const keys = this.#probes.map(({ key }) => key);
    for (const watch of this.#watches.values()) {
      watch.look();
      watch.write(keys, (key) => this.#taken(key));
      this.#follow(watch);
    }
    this.#count();
    if (now - this.#members < MEMBERS_MS) return;
    this.#members = now;
    const healthy = [...this.#watches.values()].find(({ state }) => state.is === 'master');
    healthy?.nodes().then(
      (text) => {
        if (this.#timer) this.#take(parseNodes(text));
      },
      () => undefined,
    );
  }

  #follow(watch: NodeWatch): void {
    const { state, endpoint } = watch;
    if (state.is === 'replica') this.#home.set(endpoint, this.#home.get(state.master) ?? state.master);
    const text = state.is === 'replica' ? `replica of ${state.master}${state.linked ? '' : ', not linked'}` : state.is;
    this.#note(endpoint, state.is === 'down' ? `down (${state.why})` : text);
  }

  #note(endpoint: string, text: string): void {
    if (this.#told.get(endpoint) === text) return;
    this.#told.set(endpoint, text);
    const at = ((performance.now() - this.#began) / 1000).toFixed(2);
    if (this.#incidents.length < NAMED) this.#incidents.push(`${at} ${endpoint} ${text}`);
  }

  #count(): void {
    const down = new Map<string, string[]>();
    const out = new Map<string, string[]>();
    for (const { endpoint, state } of this.#watches.values()) {
      const shard = this.#home.get(endpoint) ?? endpoint;
      const isDown = state.is === 'down';
      if (isDown) down.set(shard, [...(down.get(shard) ?? []), endpoint]);
      if (isDown || (state.is === 'replica' && !state.linked)) out.set(shard, [...(out.get(shard) ?? []), endpoint]);
    }
    const isHarmless = [...down.values(), ...out.values()].every((endpoints) => endpoints.length < 2);
    if (isHarmless) this.#record(down, out, () => true);
    else void this.#recordMembers(down, out);
  }

  /** A shard that has left the cluster as a whole may stop as a whole: only who is a member still, for most of the others, counts. */
  async #recordMembers(down: ReadonlyMap<string, string[]>, out: ReadonlyMap<string, string[]>): Promise<void> {
    const asked = [...this.#watches.values()].filter(({ state }) => state.is !== 'down');
    const texts = await Promise.all(asked.map((watch) => watch.nodes().catch(() => undefined)));
    const views = texts.flatMap((text) => (text === undefined ? [] : [parseNodes(text)]));
    const isMember = (endpoint: string): boolean => {
      const listed = views.filter((lines) => lines.some(({ address, port }) => `${address}:${port}` === endpoint));
      return listed.length * 2 >= views.length;
    };
    this.#record(down, out, isMember);
  }

  #record(
    down: ReadonlyMap<string, string[]>,
    out: ReadonlyMap<string, string[]>,
    counts: (endpoint: string) => boolean,
  ): void {
    const most = (shards: ReadonlyMap<string, string[]>): number =>
      Math.max(0, ...[...shards.values()].map((endpoints) => endpoints.filter(counts).length));
    this.#mostDown = Math.max(this.#mostDown, most(down));
    this.#mostOut = Math.max(this.#mostOut, most(out));
  }

  #taken(key: string): void {
    const now = performance.now();
    for (const probe of this.#probes) {
      if (probe.key !== key) continue;
      probe.longestMs = Math.max(probe.longestMs, now - probe.lastTaken);
      probe.lastTaken = now;
    }
  }

  stop(): Pick<LoadFigures, 'mostDown' | 'mostOut' | 'shards' | 'incidents'> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    const shards = this.#probes.map(({ shard, longestMs, lastTaken }) => ({
      shard,
      longestMs: Math.max(longestMs, now - lastTaken),
    }));
    for (const watch of this.#watches.values()) watch.close();
    return { mostDown: this.#mostDown, mostOut: this.#mostOut, shards, incidents: this.#incidents };
  }
}

function probeOf(line: MemberLine, prefix: string): Probe {
  const owned = (slot: number): boolean => line.slots.some(([first, last]) => first <= slot && slot <= last);
  for (let n = 0; ; n += 1) {
    const key = `${prefix}:probe:${n}`;
    if (owned(keySlot(key))) return { key, shard: `${line.address}:${line.port}`, lastTaken: 0, longestMs: 0 };
  }
}
