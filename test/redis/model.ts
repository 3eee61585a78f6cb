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
  slots: SlotRange[];
  master: string | undefined;
  epoch: number;
  keys: number;
  timeout: number;
}

/** A cluster of servers that refuses, as Redis does, what is not legal, and gossips when time passes. */
export class ModelCluster {
  readonly nodes: readonly ModelNode[];

  constructor(cluster: DeclaredCluster) {
    this.nodes = cluster.nodes.map((node, index) => ({
      id: index.toString(16).padStart(40, 'a'),
      name: nodeName(node),
      address: node.address,
      port: node.port,
      known: new Set<string>(),
      slots: [],
      master: undefined,
      epoch: 0,
      keys: 0,
      timeout: 5000,
    }));
  }

  node(name: string): ModelNode {
    const found = this.nodes.find((node) => node.name === name || node.id === name);
    if (!found) throw new Error(`the model has no node ${name}`);
    return found;
  }

  /** Everyone who is connected to each other through others comes to know each other. */
  gossip(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of this.nodes) {
        for (const friend of [...node.known]) {
          for (const other of [node.id, ...node.known]) {
            const target = this.node(friend);
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
    if (step.do === 'await-members' || step.do === 'await-settled') {
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
        if (node.keys > 0) throw new Error(`MEET is sent to ${step.node}, which holds keys`);
        node.known.add(peer.id);
        peer.known.add(node.id);
        return;
      }
      case 'add-slots':
        for (const [first, last] of this.nodes.flatMap(({ slots }) => slots)) {
          const taken = step.slots.some((range) => range[0] <= last && range[1] >= first);
          if (taken) throw new Error(`slots ${first}-${last} are taken`);
        }
        node.slots = mergeRanges([...node.slots, ...step.slots]);
        return;
      case 'replicate': {
        const master = this.node(step.master);
        if (node.slots.length > 0 || node.keys > 0) throw new Error(`${step.node} is not empty`);
        if (!node.known.has(master.id)) throw new Error(`${step.node} does not know ${step.master}`);
        if (master.master !== undefined) throw new Error(`${step.master} is a replica itself`);
        if (node.master !== undefined) throw new Error(`${step.node} is moved from one master to another`);
        node.master = master.id;
      }
    }
  }

  views(cluster: DeclaredCluster): NodeView[] {
    return cluster.nodes.map((declared) => viewOf(declared, this.answer(this.node(nodeName(declared)))));
  }

  private answer(node: ModelNode): NodeAnswer {
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
    const flags = `${node === asked ? 'myself,' : ''}${node.master === undefined ? 'master' : 'slave'}`;
    const place = `${node === asked && asked.known.size === 0 ? '' : node.address}:${node.port}@${node.port + 10000}`;
    const slots = formatSlots(node.slots, ' ');
    return `${node.id} ${place} ${flags} ${node.master ?? '-'} 0 0 ${node.epoch} connected ${slots}`.trim();
  }
}
