import { type Step, TEMPORARY_NODE_TIMEOUT_MS } from '../../src/redis/cluster/steps.ts';
import { type DeclaredCluster, nodeName } from '../../src/redis/cluster/topology.ts';
import type { NodeAnswer, RespValue } from '../../src/redis/node/contract.ts';
import { type NodeView, viewOf } from '../../src/redis/node/observe.ts';
import { countSlots, formatSlots, mergeRanges, type SlotRange } from '../../src/redis/slots/slots.ts';

/** One server of the model; it answers with the texts of a real one, so that the parsers are part of what is tested. */
export interface ModelNode {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly known: Set<string>;
  /** Ids that it was told to forget, and does not take from others for a while. */
  readonly banned: Set<string>;
  dead: boolean;
  slots: SlotRange[];
  master: string | undefined;
  epoch: number;
  keys: number;
  timeout: number;
}

/** A cluster of servers that refuses, as Redis does, what is not legal, and gossips when time passes. */
export class ModelCluster {
  readonly nodes: ModelNode[];
  /** The run has named who takes the slots of a shard that is lost. */
  mayLose = false;

  constructor(cluster: DeclaredCluster) {
    this.nodes = [];
    for (const node of cluster.nodes) this.start(node);
  }

  /** A fresh server; at the address of a dead one, what replaced it. */
  start(node: DeclaredCluster['nodes'][number]): ModelNode {
    const fresh: ModelNode = {
      id: this.nodes.length.toString(16).padStart(40, 'a'),
      name: nodeName(node),
      address: node.address,
      port: node.port,
      known: new Set<string>(),
      banned: new Set<string>(),
      dead: false,
      slots: [],
      master: undefined,
      epoch: 0,
      keys: 0,
      timeout: 5000,
    };
    this.nodes.push(fresh);
    return fresh;
  }

  /** Ends a server for ever. Its replica takes over, as long as a majority of masters lives. */
  kill(name: string): void {
    const dead = this.node(name);
    dead.dead = true;
    const owners = this.nodes.filter(({ slots }) => slots.length > 0);
    const heir = this.nodes.find((node) => !node.dead && node.master === dead.id);
    if (!heir || owners.filter((node) => !node.dead).length * 2 <= owners.length) return;
    this.inherit(heir, dead);
  }

  private inherit(heir: ModelNode, dead: ModelNode): void {
    [heir.slots, heir.keys, heir.master, heir.epoch] = [
      dead.slots,
      dead.keys,
      undefined,
      this.nodes.length + dead.epoch,
    ];
    [dead.slots, dead.keys] = [[], 0];
    for (const node of this.nodes) if (node.master === dead.id && !node.dead) node.master = heir.id;
  }

  node(name: string): ModelNode {
    const found = this.nodes.findLast((node) => node.name === name || node.id === name);
    if (!found) throw new Error(`the model has no node ${name}`);
    return found;
  }

  /** Everyone who is connected to each other through others comes to know each other. */
  gossip(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of this.nodes) {
        if (node.dead) continue;
        for (const friend of [...node.known]) {
          for (const other of [node.id, ...node.known]) {
            const target = this.node(friend);
            if (target.dead || target.banned.has(other) || node.banned.has(target.id)) continue;
            if (other !== target.id && !target.known.has(other)) {
              target.known.add(other);
              changed = true;
            }
          }
        }
      }
    }
  }

  /** Throws what a server would refuse: a plan must never hold such a step. */
  carryOut(step: Step): void {
    if (step.do === 'await-members' || step.do === 'await-receivers' || step.do === 'await-settled') {
      this.gossip();
      return;
    }
    const node = this.node(step.node);
    switch (step.do) {
      case 'hasten':
        if (this.nodes.some(({ keys }) => keys > 0)) throw new Error(`${step.node} is hastened among nodes with keys`);
        node.timeout = TEMPORARY_NODE_TIMEOUT_MS;
        return;
      case 'set-timeout':
        node.timeout = step.ms ?? 5000;
        return;
      case 'set-epoch':
        if (node.known.size > 0 || node.epoch !== 0) throw new Error(`SET-CONFIG-EPOCH is not legal on ${step.node}`);
        if (this.nodes.some(({ epoch }) => epoch === step.epoch)) throw new Error(`epoch ${step.epoch} is taken`);
        node.epoch = step.epoch;
        return;
      case 'meet': {
        const peer = this.node(step.peer);
        if (node.keys > 0 && !node.known.has(peer.id))
          throw new Error(`MEET is sent to ${step.node}, which holds keys`);
        node.known.add(peer.id);
        peer.known.add(node.id);
        return;
      }
      case 'add-slots':
        for (const [first, last] of this.nodes.flatMap((other) =>
          other.dead && !node.known.has(other.id) ? [] : other.slots,
        )) {
          const taken = step.slots.some((range) => range[0] <= last && range[1] >= first);
          if (taken) throw new Error(`slots ${first}-${last} are taken`);
        }
        node.slots = mergeRanges([...node.slots, ...step.slots]);
        return;
      case 'take-over': {
        const dead = this.nodes.find(({ id }) => id === node.master);
        if (!dead?.dead) throw new Error(`${step.node} takes over from a master that lives`);
        this.inherit(node, dead);
        return;
      }
      case 'forget-dead':
      case 'forget-master': {
        const gone = this.node(step.id);
        if (!gone.dead) throw new Error(`${step.node} is to forget ${step.gone}, which is alive`);
        if (node.master === gone.id) throw new Error(`${step.node} cannot forget its master ${step.gone}`);
        if (gone.slots.length > 0 && !this.mayLose) throw new Error(`${step.gone} is forgotten with its slots`);
        node.known.delete(gone.id);
        node.banned.add(gone.id);
        return;
      }
      case 'leave-dead': {
        if (!this.nodes.some(({ id, dead }) => id === node.master && dead))
          throw new Error(`${step.node} leaves a master that lives`);
        node.master = undefined;
        this.carryOut({ ...step, do: 'replicate' });
        return;
      }
      case 'replicate': {
        const master = this.node(step.master);
        if (node.slots.length > 0 || node.keys > 0) throw new Error(`${step.node} is not empty`);
        if (!node.known.has(master.id)) throw new Error(`${step.node} does not know ${step.master}`);
        if (master.master !== undefined) throw new Error(`${step.master} is a replica itself`);
        const siblings = this.nodes.filter((other) => !other.dead && other.master === node.master);
        if (node.master !== undefined && !this.node(node.master).dead && siblings.length < 2)
          throw new Error(`${step.node} is moved away from the master that has only it`);
        node.master = master.id;
      }
    }
  }

  views(cluster: DeclaredCluster): NodeView[] {
    return cluster.nodes.map((declared) => {
      const node = this.node(nodeName(declared));
      const silence: NodeAnswer = { ok: false, kind: 'timeout', message: 'no answer' };
      return viewOf(declared, node.dead ? silence : this.answer(node));
    });
  }

  answer(node: ModelNode): NodeAnswer {
    const covered = countSlots([node, ...[...node.known].map((id) => this.node(id))].flatMap(({ slots }) => slots));
    const info = [
      'redis_version:7.0.15',
      `role:${node.master === undefined ? 'master' : 'slave'}`,
      ...(node.master === undefined ? [] : ['master_link_status:up', 'master_sync_in_progress:0']),
      'cluster_enabled:1',
      'loading:0',
      ...(node.keys > 0 ? [`db0:keys=${node.keys},expires=0,avg_ttl=0`] : []),
    ];
    const replies: RespValue[] = [
      info.join('\r\n'),
      `cluster_state:${covered === 16384 ? 'ok' : 'fail'}\r\ncluster_my_epoch:${node.epoch}`,
      [this.line(node, node), ...[...node.known].map((id) => this.line(this.node(id), node))].join('\n'),
      [node.master === undefined ? 'master' : 'slave'],
      ['cluster-node-timeout', String(node.timeout)],
      ['repl-diskless-sync-delay', '5'],
    ];
    return { ok: true, replies };
  }

  private line(node: ModelNode, asked: ModelNode): string {
    const role = node.master === undefined ? 'master' : 'slave';
    const [myself, failed] = [node === asked ? 'myself,' : '', node.dead ? ',fail' : ''];
    const replaced = node.dead && this.nodes.some((other) => other !== node && other.name === node.name);
    const isBlank = (node === asked && asked.known.size === 0) || replaced;
    const place = `${isBlank ? '' : node.address}:${replaced ? 0 : node.port}@${replaced ? 0 : node.port + 10000}`;
    const flags = `${myself}${role}${failed}${replaced ? ',noaddr' : ''}`;
    const link = node.dead ? 'disconnected' : 'connected';
    return `${node.id} ${place} ${flags} ${node.master ?? '-'} 0 0 ${node.epoch} ${link} ${formatSlots(node.slots, ' ')}`.trim();
  }
}
