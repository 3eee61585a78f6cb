import { form } from '../../src/redis/cluster/form.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { NodeQuery, RespValue } from '../../src/redis/node/contract.ts';
import { ask, declared, localIo, Servers, until } from '../redis/servers.ts';

export const PORTS = [21381, 21382, 21383, 21384, 21385, 21386] as const;
const [first, second, third, fourth] = PORTS;
const STRANGER = 21387;
const PASSWORD = 'secret-word';
export const AUTH: NodeQuery['auth'] = { password: PASSWORD };
/** In slot 12182, which the third master owns. */
const KEY = 'foo';
const SLOT = '12182';
const SETTINGS = [
  ...['--requirepass', PASSWORD, '--masterauth', PASSWORD],
  ...['--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0'],
  // A master that lost its replica keeps that state for as long as the test looks at it.
  ...['--cluster-allow-replica-migration', 'no'],
];

/** How long a forgotten node is banned, in seconds; elsewhere a minute. */
const VALKEY_SETTINGS = ['--cluster-blacklist-ttl', '5'];

/** Six nodes on this machine: three masters, each with a replica. */
export class StatesCluster {
  readonly servers: Servers;
  readonly #declared: DeclaredCluster;
  readonly #settings: readonly string[];

  constructor(program: string, flavor: 'redis' | 'valkey') {
    this.#settings = [...SETTINGS, ...(flavor === 'valkey' ? VALKEY_SETTINGS : [])];
    this.servers = new Servers(program);
    const open = declared(PORTS, { nodeTimeoutMs: 1000 });
    this.#declared = { ...open, nodes: open.nodes.map((node) => ({ ...node, auth: AUTH })) };
  }

  async start(port: number): Promise<void> {
    await this.servers.start(port, this.#settings);
  }

  async up(): Promise<void> {
    await Promise.all(PORTS.map((port) => this.start(port)));
    await form(this.#declared, await observeAll(this.#declared, localIo()), localIo(), { stallMs: 20_000 });
    await this.well();
  }

  /** What verify finds, as codes, each once. */
  async findings(): Promise<string[]> {
    const found = verify(this.#declared, await observeAll(this.#declared, localIo()), { placement: true });
    return [...new Set(found.map(({ code }) => code))].sort();
  }

  async well(): Promise<void> {
    await until(async () => (await this.findings()).length === 0, 'a cluster that is well');
  }

  /** One after the other on one connection; the last reply. */
  async tell(port: number, ...commands: (readonly string[])[]): Promise<RespValue> {
    const answer = await ask({ via: 'here', address: '127.0.0.1', port, auth: AUTH, commands });
    if (!answer.ok) throw new Error(`${port}: ${answer.message}`);
    return answer.replies.at(-1) ?? null;
  }

  async id(port: number): Promise<string> {
    return String(await this.tell(port, ['CLUSTER', 'MYID']));
  }

  /**
   * Whoever does not know the node on that port meets it, until everybody does. From Redis 7.2 on, and in Valkey, what one node
   * forgets is forgotten by all, again and again while the ban lasts.
   */
  async meet(met: number): Promise<void> {
    const id = await this.id(met);
    await until(async () => {
      const lists = await Promise.all(PORTS.map((port) => this.tell(port, ['CLUSTER', 'NODES'])));
      const strangers = PORTS.filter((_, index) => !String(lists[index]).includes(id));
      await Promise.all(strangers.map((port) => this.tell(port, ['CLUSTER', 'MEET', '127.0.0.1', String(met)])));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return strangers.length === 0;
    }, `everybody to know ${met}`);
  }

  /** The replica of the master on that port. */
  async replicaOf(master: number): Promise<number> {
    const id = await this.id(master);
    for (const port of PORTS) {
      const nodes = String(await this.tell(port, ['CLUSTER', 'NODES']));
      if (new RegExp(`myself,slave ${id}`).test(nodes)) return port;
    }
    throw new Error(`nobody is a replica of ${master}`);
  }
}

export interface State {
  /** As docs/redis-cli.md has it. */
  readonly title: string;
  /** Brings it about; gives what ends it. */
  make(cluster: StatesCluster): Promise<() => Promise<unknown>>;
  /** The line by which check tells of it; undefined: it says that all is well. */
  readonly check: RegExp | undefined;
  /** Codes of findings that verify must have; none: it says that all is well. */
  readonly verify: readonly string[];
}

/** A slot of which one node says that it is on its way to or from another. */
function openSlot(title: string, node: number, word: 'MIGRATING' | 'IMPORTING', other: number): State {
  return {
    title,
    check: new RegExp(
      `^\\[WARNING\\] Node 127\\.0\\.0\\.1:${node} has slots in ${word.toLowerCase()} state ${SLOT}`,
      'm',
    ),
    verify: ['open-slot'],
    async make(cluster) {
      await cluster.tell(node, ['CLUSTER', 'SETSLOT', SLOT, word, await cluster.id(other)]);
      return () => cluster.tell(node, ['CLUSTER', 'SETSLOT', SLOT, 'STABLE']);
    },
  };
}

export const STATES: readonly State[] = [
  openSlot('a slot that its owner is giving away', third, 'MIGRATING', first),
  openSlot('a slot that another node is taking over', first, 'IMPORTING', third),
  {
    title: 'a slot without an owner',
    check: /^\[ERR\] Not all 16384 slots are covered by nodes\./m,
    verify: ['coverage', 'state'],
    async make(cluster) {
      for (const port of PORTS) await cluster.tell(port, ['CLUSTER', 'DELSLOTS', '16383']);
      return () => cluster.tell(third, ['CLUSTER', 'ADDSLOTS', '16383']);
    },
  },
  {
    title: 'a master that another node has forgotten',
    check: /^\[ERR\] Nodes don't agree about configuration!/m,
    verify: ['unknown'],
    async make(cluster) {
      await cluster.tell(second, ['CLUSTER', 'FORGET', await cluster.id(first)]);
      return () => cluster.meet(first);
    },
  },
  {
    title: 'a replica that another node has forgotten',
    check: undefined,
    verify: ['unknown'],
    async make(cluster) {
      const replica = await cluster.replicaOf(first);
      await cluster.tell(second, ['CLUSTER', 'FORGET', await cluster.id(replica)]);
      return () => cluster.meet(replica);
    },
  },
  {
    title: 'a master without a replica',
    check: undefined,
    verify: ['replicas'],
    async make(cluster) {
      const replica = await cluster.replicaOf(third);
      await cluster.tell(replica, ['CLUSTER', 'REPLICATE', await cluster.id(first)]);
      return async () => cluster.tell(replica, ['CLUSTER', 'REPLICATE', await cluster.id(third)]);
    },
  },
  {
    title: 'a replica without a link to its master',
    check: undefined,
    verify: ['link'],
    async make(cluster) {
      const replica = await cluster.replicaOf(first);
      await cluster.tell(replica, ['CONFIG', 'SET', 'masterauth', 'another']);
      await cluster.tell(first, ['CLIENT', 'KILL', 'TYPE', 'replica']);
      return () => cluster.tell(replica, ['CONFIG', 'SET', 'masterauth', PASSWORD]);
    },
  },
  {
    title: 'a replica that is down',
    check: undefined,
    verify: ['flags', 'replicas', 'unreachable'],
    async make(cluster) {
      const replica = await cluster.replicaOf(third);
      await cluster.servers.kill(replica);
      return () => cluster.start(replica);
    },
  },
  {
    title: 'a shard that is down as a whole',
    check: /^\[ERR\] Not all 16384 slots are covered by nodes\./m,
    verify: ['coverage', 'flags', 'state', 'unreachable'],
    async make(cluster) {
      const replica = await cluster.replicaOf(second);
      await Promise.all([second, replica].map((port) => cluster.servers.kill(port)));
      return () => Promise.all([second, replica].map((port) => cluster.start(port)));
    },
  },
  {
    title: 'a node that nobody declared',
    check: undefined,
    verify: ['stranger'],
    async make(cluster) {
      await cluster.start(STRANGER);
      await cluster.tell(first, ['CLUSTER', 'MEET', '127.0.0.1', String(STRANGER)]);
      const id = await cluster.id(STRANGER);
      const known = async (port: number): Promise<boolean> =>
        String(await cluster.tell(port, ['CLUSTER', 'NODES'])).includes(id);
      await until(async () => (await Promise.all(PORTS.map(known))).every(Boolean), 'the stranger to be known');
      const knowsAll = async (): Promise<boolean> =>
        String(await cluster.tell(STRANGER, ['CLUSTER', 'INFO'])).includes('cluster_slots_assigned:16384');
      await until(knowsAll, 'the stranger to know every owner');
      return async () => {
        await cluster.servers.kill(STRANGER);
        await Promise.all(PORTS.map((port) => cluster.tell(port, ['CLUSTER', 'FORGET', id])));
      };
    },
  },
  {
    title: 'a setting that is not as declared',
    check: undefined,
    verify: ['node-timeout'],
    async make(cluster) {
      await cluster.tell(fourth, ['CONFIG', 'SET', 'cluster-node-timeout', '1100']);
      return () => cluster.tell(fourth, ['CONFIG', 'SET', 'cluster-node-timeout', '1000']);
    },
  },
  {
    title: 'a key that was left behind in a slot of another master',
    check: undefined,
    verify: [],
    async make(cluster) {
      const imported = async (...words: string[]): Promise<void> => {
        const mark = ['CLUSTER', 'SETSLOT', SLOT];
        await cluster.tell(first, [...mark, 'IMPORTING', await cluster.id(third)], ['ASKING'], words, [
          ...mark,
          'STABLE',
        ]);
      };
      await cluster.tell(third, ['SET', KEY, 'here']);
      await imported('SET', KEY, 'left behind');
      return async () => {
        await imported('DEL', KEY);
        await cluster.tell(third, ['DEL', KEY]);
      };
    },
  },
];
