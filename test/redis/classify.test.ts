import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import type { DeclaredCluster, Permission } from '../../src/redis/cluster/topology.ts';
import { parseNodes } from '../../src/redis/node/nodes-line.ts';
import type { NodeView } from '../../src/redis/node/observe.ts';
import { ModelCluster } from './model.ts';

function declare(allow: readonly Permission[] = []): DeclaredCluster {
  const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((host, index) => ({
    host,
    address: `10.0.0.${index + 1}`,
    port: 7000,
  }));
  return { name: 'main', nodes, replicas: 1, placement: 'zones', nodeTimeoutMs: 5000, allow };
}

function foreign(view: NodeView): NodeView {
  if (!view.seen || view.node.host !== 'f') return view;
  return { ...view, others: parseNodes(`${'9'.repeat(40)} 10.9.9.9:7000@17000 master - 0 0 1 connected 0-16383`) };
}

function refusals(change: (view: NodeView) => NodeView, allow: readonly Permission[] = []): readonly string[] {
  const cluster = declare(allow);
  const { refusals: found, steps } = planCluster(cluster, new ModelCluster(cluster).views(cluster).map(change));
  if (found.length > 0) expect(steps).toEqual([]);
  return found;
}

describe('what stands against touching anything', () => {
  it('a node that cannot be asked', () => {
    const silent = (view: NodeView): NodeView =>
      view.node.host === 'b' ? { node: view.node, seen: false, kind: 'timeout', problem: 'does not answer' } : view;
    expect(refusals(silent)).toEqual(['b:7000 (10.0.0.2:7000) does not answer']);
  });

  it('a member of another cluster', () => {
    expect(refusals(foreign)[0]).toMatch(
      /^f:7000 \(10\.0\.0\.6:7000\) knows 10\.9\.9\.9:7000 \(9{40}\), which is not declared: the node belongs to another cluster/,
    );
  });

  it('keys on a node that stands alone', () => {
    const withKeys = (view: NodeView): NodeView => (view.seen && view.node.host === 'c' ? { ...view, keys: 3 } : view);
    expect(refusals(withKeys)).toEqual(['c:7000 (10.0.0.3:7000) holds 3 keys and is not part of this cluster']);
  });

  it('slots on a node that stands alone, unless an interrupted run can have left them', () => {
    const withSlots =
      (range: readonly [number, number]) =>
      (view: NodeView): NodeView =>
        view.seen && view.node.host === 'c' ? { ...view, self: { ...view.self, slots: [range] } } : view;
    expect(refusals(withSlots([0, 16383]))).toEqual([
      'c:7000 (10.0.0.3:7000) owns slots 0-16383 and knows no other node: it is a cluster of its own',
    ]);
    expect(refusals(withSlots([5461, 10922]))).toEqual([]);
  });

  it('a copied nodes.conf', () => {
    const twins = (view: NodeView): NodeView =>
      view.seen && view.node.host < 'c' ? { ...view, self: { ...view.self, id: 'x' } } : view;
    expect(refusals(twins)[0]).toMatch(/^b:7000 .* and a:7000 .* have the same node id x/);
  });

  it('two clusters, each of declared nodes only', () => {
    const cluster = declare();
    const half = (hosts: readonly string[]): DeclaredCluster => ({
      ...cluster,
      replicas: 0,
      nodes: cluster.nodes.filter(({ host }) => hosts.includes(host)),
    });
    const model = new ModelCluster(cluster);
    for (const part of [half(['a', 'b', 'c']), half(['d', 'e', 'f'])]) {
      for (const node of model.nodes) if (node.slots.length > 0) node.slots = [...node.slots];
      const views = model.views(part);
      const others = model.nodes.filter(({ name }) => !part.nodes.some(({ host }) => name.startsWith(host)));
      const slots = others.map((node) => node.slots);
      for (const node of others) node.slots = [];
      for (const step of planCluster(part, views).steps) if (step.do !== 'set-epoch') model.carryOut(step);
      others.forEach((node, index) => {
        node.slots = slots[index] ?? [];
      });
    }
    expect(planCluster(cluster, model.views(cluster)).refusals.join()).toMatch(
      /own slots and do not know each other: they are two clusters/,
    );
  });
});

describe('what a run allows', () => {
  it('resets the named node and plans as if it were fresh', () => {
    const allow: Permission[] = [{ node: 'f:7000', may: 'reset' }];
    const cluster = declare(allow);
    const views = new ModelCluster(cluster).views(cluster).map(foreign);
    const { steps, refusals: found } = planCluster(cluster, views);
    expect(found).toEqual([]);
    expect(steps[0]).toEqual({ do: 'reset', node: 'f:7000' });
    expect(steps.some((step) => step.do === 'replicate' && step.node === 'f:7000')).toBe(true);
  });

  it('does not reset another node than the named one, nor keys without the permission to flush', () => {
    expect(refusals(foreign, [{ node: 'e:7000', may: 'reset' }])[0]).toContain('belongs to another cluster');
    const withKeys = (view: NodeView): NodeView => {
      const other = foreign(view);
      return other.seen && other.node.host === 'f' ? { ...other, keys: 4 } : other;
    };
    expect(refusals(withKeys, [{ node: 'f:7000', may: 'reset' }])[0]).toContain(
      'needs the permission to flush it as well',
    );
  });

  it('leaves a member of this cluster alone', () => {
    const plain = declare();
    const model = new ModelCluster(plain);
    for (const step of planCluster(plain, model.views(plain)).steps) model.carryOut(step);
    const allow: Permission[] = [
      { node: 'a:7000', may: 'reset' },
      { node: 'a:7000', may: 'flush' },
    ];
    expect(planCluster(declare(allow), model.views(plain)).steps).toEqual([]);
  });
});

describe('whose a node is', () => {
  const record = (name: string, view: NodeView) => {
    const nodes = view.seen ? [{ host: 'f', port: 7000, address: '10.0.0.6', id: view.self.id }] : [];
    return new Map([['f', [{ cluster: name, nodes }]]]);
  };
  function judged(name: string, change: (view: NodeView) => NodeView, allow: readonly Permission[] = []) {
    const cluster = declare(allow);
    const views = new ModelCluster(cluster).views(cluster).map(change);
    const f = views.find((view) => view.node.host === 'f');
    return planCluster({ ...cluster, records: f ? record(name, f) : undefined }, views);
  }
  const plain = (view: NodeView): NodeView => view;

  it('a record of it under another name makes it foreign, by that name, unless it is adopted', () => {
    expect(judged('theirs', plain).refusals).toEqual([
      'f:7000 (10.0.0.6:7000) belongs to the cluster "theirs", not to "main": the record of it on f says so. If the cluster was renamed, allow adopt for each of its nodes',
    ]);
    expect(judged('main', plain).refusals).toEqual([]);
    expect(judged('theirs', plain, [{ node: 'f:7000', may: 'adopt' }]).refusals).toEqual([]);
    expect(judged('theirs', plain, [{ node: 'e:7000', may: 'adopt' }]).refusals).toHaveLength(1);
  });

  it('a node that is recorded as ours is never reset for knowing a member that is not declared', () => {
    const { refusals: found, steps } = judged('main', foreign, [{ node: 'f:7000', may: 'reset' }]);
    expect(found).toEqual([
      expect.stringMatching(
        /^f:7000 .* knows 10\.9\.9\.9:7000 .*, a member of the cluster that is not declared: declare it/,
      ),
    ]);
    expect(steps).toEqual([]);
  });

  it('a forgotten master with old claims is named, and joins only as a fresh one', () => {
    const plain = declare();
    const model = new ModelCluster(plain);
    for (const step of planCluster(plain, model.views(plain)).steps) model.carryOut(step);
    const [a, b] = [model.node('a:7000'), model.node('b:7000')];
    for (const node of model.nodes) if (node !== a) node.known.delete(a.id);
    for (const node of model.nodes)
      if (node.master === a.id) [node.master, node.slots, node.keys] = [undefined, a.slots, 7];
    expect(planCluster(plain, model.views(plain)).refusals[0]).toMatch(
      /^a:7000 .* was forgotten by the cluster and came back with its old nodes\.conf: the others do not list it, and it claims slots 0-5460/,
    );
    const allowed = planCluster(declare([{ node: 'a:7000', may: 'reset' }]), model.views(plain));
    expect(allowed.steps[0]).toEqual({ do: 'reset', node: 'a:7000' });
    // One that is a replica meanwhile brings nothing of its own along.
    [a.slots, a.master] = [[], b.id];
    const back = planCluster(plain, model.views(plain));
    expect(back.refusals).toEqual([]);
    expect(back.steps.filter((step) => step.do === 'meet').map(({ node }) => node)).toEqual(Array(5).fill('a:7000'));
  });
});
