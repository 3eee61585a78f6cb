import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import type { ClusterIo } from '../../src/redis/node/cluster-io.ts';
import type { Command, RespValue } from '../../src/redis/node/contract.ts';
import { decodeWords } from '../../src/redis/node/resp.ts';
import { formatSlots, SLOT_COUNT, type SlotRange } from '../../src/redis/slots/slots.ts';

export class Killed extends Error {}

/** A master with its own opinion of all slots, as 7.0 has it. */
export class SlotServer {
  readonly owners: (string | undefined)[] = Array.from({ length: SLOT_COUNT });
  readonly migrating = new Map<number, string>();
  readonly importing = new Map<number, string>();
  readonly data = new Map<number, Map<string, string>>();
  master: string | undefined;
  epoch: number;
  readonly id: string;
  readonly node: DeclaredNode;
  readonly world: SlotWorld;
  constructor(id: string, node: DeclaredNode, world: SlotWorld) {
    this.id = id;
    this.node = node;
    this.world = world;
    this.epoch = world.servers.length + 1;
  }

  owned(): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) if (this.owners[slot] === this.id) slots.push(slot);
    return slots;
  }

  keysOf(slot: number): Map<string, string> {
    const keys = this.data.get(slot) ?? new Map<string, string>();
    this.data.set(slot, keys);
    return keys;
  }

  /** What a PING of another one does. Keys of a slot that is lost so are deleted: a mover that lets it come to that loses them. */
  hear(sender: SlotServer): void {
    if (sender.master !== undefined) return;
    const before = this.owned().length;
    for (const slot of sender.owned()) {
      const current = this.owners[slot];
      if (current === sender.id || this.importing.has(slot)) continue;
      if (current !== undefined && this.world.server(current).epoch >= sender.epoch) continue;
      if (current === this.id) this.data.delete(slot);
      this.owners[slot] = sender.id;
    }
    if (before > 0 && this.owned().length === 0) this.follow(sender);
  }

  follow(master: SlotServer): void {
    this.master = master.id;
    this.migrating.clear();
    this.importing.clear();
    this.data.clear();
  }

  answer(words: readonly string[]): RespValue {
    const [name = '', verb = ''] = words.map((word) => word.toUpperCase());
    if (name === 'CLUSTER') return this.cluster(verb, words.slice(2));
    switch (name) {
      case 'INFO':
        return this.info();
      case 'ROLE':
        return [this.master === undefined ? 'master' : 'slave'];
      case 'CONFIG':
        return [words[2] ?? '', '5000'];
      case 'MEMORY':
        return 100;
      case 'MIGRATE':
        return this.migrate(words);
      case 'PTTL':
        return -1;
      case 'TYPE':
        return 'string';
      case 'DUMP':
        return this.find(words[1] ?? '') ?? null;
      case 'SET':
      case 'GET':
      case 'DEL':
      case 'PING':
      case 'ASKING':
        return 'OK';
      default:
        return { error: `ERR unknown command '${name}'` };
    }
  }

  private find(key: string): string | undefined {
    return this.data.get(slotOf(key))?.get(key);
  }

  private cluster(verb: string, [word = '', mark = '', id = '']: readonly string[]): RespValue {
    const slot = Number(word);
    switch (verb) {
      case 'INFO': {
        const ok = this.owners.every((owner) => owner !== undefined);
        return `cluster_state:${ok ? 'ok' : 'fail'}\r\ncluster_my_epoch:${this.epoch}`;
      }
      case 'NODES':
        return this.world.servers.map((server) => this.line(server)).join('\n');
      case 'COUNTKEYSINSLOT':
        return this.keysOf(slot).size;
      case 'GETKEYSINSLOT':
        return [...this.keysOf(slot).keys()].slice(0, Number(mark));
      case 'SETSLOT':
        return this.setSlot(slot, mark, id);
      default:
        return { error: `ERR unknown subcommand ${verb}` };
    }
  }

  private setSlot(slot: number, mark: string, id: string): RespValue {
    if (this.master !== undefined) return { error: 'ERR Please use SETSLOT only with masters.' };
    if (mark === 'STABLE') {
      this.migrating.delete(slot);
      this.importing.delete(slot);
    } else if (mark === 'IMPORTING') {
      if (this.owners[slot] === this.id) return { error: `ERR I'm already the owner of hash slot ${slot}` };
      this.importing.set(slot, id);
    } else if (mark === 'MIGRATING') {
      if (this.owners[slot] !== this.id) return { error: `ERR I'm not the owner of hash slot ${slot}` };
      this.migrating.set(slot, id);
    } else {
      const held = this.keysOf(slot).size;
      if (this.owners[slot] === this.id && id !== this.id && held > 0)
        return {
          error: `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`,
        };
      if (held === 0) this.migrating.delete(slot);
      if (id === this.id && this.importing.delete(slot)) this.epoch = this.world.nextEpoch(this.epoch);
      this.owners[slot] = id;
    }
    return 'OK';
  }

  private migrate(words: readonly string[]): RespValue {
    const keys = words.slice(words.indexOf('KEYS') + 1);
    const slot = slotOf(keys[0] ?? '');
    const isOpen = this.migrating.has(slot) || this.importing.has(slot);
    if (this.owners[slot] === undefined) return { error: 'CLUSTERDOWN Hash slot not served' };
    if (this.owners[slot] !== this.id && !isOpen) return { error: `MOVED ${slot} ${this.owners[slot]}` };
    const target = this.world.servers.find(({ node }) => String(node.port) === words[2]);
    if (!target) return { error: 'IOERR error or timeout connecting to the client' };
    let found = 0;
    for (const key of keys) {
      const value = this.find(key);
      if (value === undefined) continue;
      found += 1;
      const error = target.restore(slot, key, value, words.includes('REPLACE'));
      if (error !== undefined) return { error: `ERR Target instance replied with error: ${error}` };
      this.keysOf(slot).delete(key);
    }
    return found === 0 ? 'NOKEY' : 'OK';
  }

  private restore(slot: number, key: string, value: string, replace: boolean): string | undefined {
    if (this.master !== undefined) return 'MOVED';
    if (this.owners[slot] === this.id) {
      if (this.migrating.has(slot) && !this.keysOf(slot).has(key)) return `ASK ${slot}`;
    } else if (!this.importing.has(slot)) return `MOVED ${slot}`;
    if (this.keysOf(slot).has(key) && !replace) return 'BUSYKEY Target key name already exists.';
    this.keysOf(slot).set(key, value);
    return undefined;
  }

  protected versions(): readonly string[] {
    return ['redis_version:7.0.15'];
  }

  /** What it does by itself while time goes by. */
  tick(): void {
    // Up to 8 nothing that matters here.
  }

  private info(): string {
    const keys = [...this.data.values()].reduce((sum, own) => sum + own.size, 0);
    const replica = this.master === undefined ? [] : ['master_link_status:up', 'master_sync_in_progress:0'];
    const role = `role:${this.master === undefined ? 'master' : 'slave'}`;
    const held = keys > 0 ? [`db0:keys=${keys},expires=0,avg_ttl=0`] : [];
    return [...this.versions(), role, ...replica, 'cluster_enabled:1', 'loading:0', ...held].join('\r\n');
  }

  private rangesOwnedBy(id: string): SlotRange[] {
    const ranges: [number, number][] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
      if (this.owners[slot] !== id) continue;
      const last = ranges.at(-1);
      if (last && last[1] === slot - 1) last[1] = slot;
      else ranges.push([slot, slot]);
    }
    return ranges;
  }

  private line(server: SlotServer): string {
    const mine = server === this;
    const flags = `${mine ? 'myself,' : ''}${server.master === undefined ? 'master' : 'slave'}`;
    const slots = this.rangesOwnedBy(server.id);
    const open = mine
      ? [
          ...[...this.migrating].map(([slot, id]) => `[${slot}->-${id}]`),
          ...[...this.importing].map(([slot, id]) => `[${slot}-<-${id}]`),
        ]
      : [];
    const { address, port } = server.node;
    const place = `${server.id} ${address}:${port}@${port + 10000}`;
    return `${place} ${flags} ${server.master ?? '-'} 0 0 ${server.epoch} connected ${formatSlots(slots, ' ')} ${open.join(' ')}`.trim();
  }
}

/** Keys of the model say their slot: `slot:name`. */
function slotOf(key: string): number {
  return Number(key.split(':')[0]);
}

export type MakeServer = (...args: ConstructorParameters<typeof SlotServer>) => SlotServer;

/** Masters that have met, and a client that may be killed at any command. */
export class SlotWorld {
  readonly servers: SlotServer[] = [];
  readonly #random: () => number;
  #clock = 0;
  /** What happens in the cluster before each command. */
  meanwhile: (server: SlotServer, words: readonly string[]) => void = () => undefined;
  /** Commands until the client is killed. */
  budget = Number.POSITIVE_INFINITY;

  constructor(cluster: DeclaredCluster, random: () => number, make: MakeServer = (...args) => new SlotServer(...args)) {
    this.#random = random;
    for (const [index, node] of cluster.nodes.entries()) {
      this.servers.push(make(index.toString(16).padStart(40, 'a'), node, this));
    }
  }

  server(id: string): SlotServer {
    const found = this.servers.find((server) => server.id === id);
    if (!found) throw new Error(`no server ${id}`);
    return found;
  }

  chance(): number {
    return this.#random();
  }

  nextEpoch(current: number): number {
    const highest = this.highestEpoch();
    return current === highest ? current : highest + 1;
  }

  highestEpoch(): number {
    return Math.max(...this.servers.map(({ epoch }) => epoch));
  }

  gossip(): void {
    for (const one of this.servers) for (const other of this.servers) if (one !== other) one.hear(other);
  }

  io(): ClusterIo {
    const run = (port: number, commands: readonly Command[]): RespValue[] => {
      const server = this.servers.find(({ node }) => node.port === port);
      if (!server) throw new Error(`no server on ${port}`);
      // A message takes time, in which servers go on with what they do by themselves.
      for (const each of this.servers) each.tick();
      return commands.map((words) => {
        if (this.budget <= 0) throw new Killed();
        this.budget -= 1;
        const plain = words.flatMap((word) => (typeof word === 'string' ? [word] : decodeWords(word)));
        this.meanwhile(server, plain);
        const reply = server.answer(plain);
        if (this.#random() < 0.002) this.servers[Math.floor(this.#random() * this.servers.length)]?.hear(server);
        return reply;
      });
    };
    return {
      query: async (query) => ({ ok: true, replies: run(query.port, query.commands) }),
      link: async (node) => ({
        isOpen: true,
        send: async (commands) => run(node.port, commands),
        close: () => undefined,
      }),
      sleep: async (ms) => {
        if (this.budget <= 0) throw new Killed();
        const before = this.#clock;
        this.#clock += Math.max(1, ms);
        for (const server of this.servers) server.tick();
        if (Math.floor(before / 100) !== Math.floor(this.#clock / 100)) this.gossip();
      },
      progress: () => undefined,
      settingsInFile: async () => undefined,
      now: () => this.#clock,
    };
  }
}
