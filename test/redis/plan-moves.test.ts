import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { plannedLayout } from '../../src/redis/cluster/report.ts';
import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import type { NodeView, SeenNode } from '../../src/redis/node/observe.ts';
import { planOpenSlots } from '../../src/redis/slots/open-slots.ts';
import { ModelCluster } from './model.ts';

function declare(masters: number, changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
  const nodes = Array.from({ length: masters }, (_, index): DeclaredNode => {
    return { host: `h${index + 1}`, address: `10.0.0.${index + 1}`, port: 7000 };
  });
  return { name: 'main', nodes, replicas: 0, placement: 'zones', nodeTimeoutMs: 5000, allow: [], ...changes };
}

/** Masters that have formed a cluster, as they see themselves. */
function formed(cluster: DeclaredCluster): SeenNode[] {
  const model = new ModelCluster(cluster);
  for (const step of planCluster(cluster, model.views(cluster)).steps) model.carryOut(step);
  return model.views(cluster).filter((view) => view.seen);
}

type Marks = Partial<Record<'migrating' | 'importing', Record<number, number>>>;

/** The same with open slots: `{0: {migrating: {5: 1}}}` is slot 5 of the first on its way to the second. */
function marked(seen: readonly SeenNode[], marks: Readonly<Record<number, Marks>>): SeenNode[] {
  const ids = (own: Record<number, number> = {}) =>
    new Map(Object.entries(own).map(([slot, index]) => [Number(slot), seen[index]?.self.id ?? '']));
  return seen.map((view, index) => ({
    ...view,
    self: { ...view.self, migrating: ids(marks[index]?.migrating), importing: ids(marks[index]?.importing) },
  }));
}

function owning(
  seen: readonly SeenNode[],
  index: number,
  change: (slots: SeenNode['self']['slots']) => SeenNode['self']['slots'],
) {
  return seen.map((view, at) =>
    at === index ? { ...view, self: { ...view.self, slots: change(view.self.slots) } } : view,
  );
}

describe('open slots, by what the nodes say', () => {
  const three = formed(declare(3));

  it('finishes a move that both sides are marked for', () => {
    const open = planOpenSlots(marked(three, { 0: { migrating: { 5: 1, 6: 1 } }, 1: { importing: { 5: 0, 6: 0 } } }));
    expect(open).toEqual({ finish: [{ from: 'h1:7000', to: 'h2:7000', slots: [[5, 6]] }], close: [], undecided: [] });
  });

  it.each<[string, Record<number, Marks>]>([
    ['only the taker is marked', { 1: { importing: { 5: 0 } } }],
    ['only the giver is marked', { 0: { migrating: { 5: 1 } } }],
    ['two take it over', { 0: { migrating: { 5: 1 } }, 1: { importing: { 5: 0 } }, 2: { importing: { 5: 0 } } }],
    ['the two do not mean each other', { 0: { migrating: { 5: 2 } }, 1: { importing: { 5: 0 } } }],
    ['a stranger to the slot gives it away', { 2: { migrating: { 5: 1 } } }],
  ])('lets the owner keep it when %s', (_, marks) => {
    expect(planOpenSlots(marked(three, marks))).toMatchObject({
      finish: [],
      close: [{ owner: 'h1:7000', slots: [[5, 5]] }],
    });
  });

  it('gives a slot without an owner to who takes it over, and to nobody when that is not clear', () => {
    const unowned = owning(three, 0, () => [
      [0, 4],
      [6, 5460],
    ]);
    expect(planOpenSlots(marked(unowned, { 1: { importing: { 5: 0 } } })).close).toEqual([
      { owner: 'h2:7000', slots: [[5, 5]] },
    ]);
    const both = marked(unowned, { 1: { importing: { 5: 0 } }, 2: { importing: { 5: 0 } } });
    expect(planOpenSlots(both).undecided[0]).toContain('no node owns slots 5, and several are taking them over');
    expect(planCluster(declare(3), both).refusals[0]).toContain('several are taking them over: h2:7000');
  });

  it('tells a giver that did not learn that its slot was taken over', () => {
    const taken = owning(three, 1, (slots) => [[5, 5], ...slots]);
    expect(planOpenSlots(marked(taken, { 0: { migrating: { 5: 1 } } })).close).toEqual([
      { owner: 'h2:7000', slots: [[5, 5]] },
    ]);
  });
});

describe('what is refused before anything moves', () => {
  const five = declare(5);
  const leaving = (hosts: number, views: readonly NodeView[]) =>
    planCluster({ ...five, nodes: five.nodes.slice(0, 5 - hosts), leaving: five.nodes.slice(5 - hosts) }, views);

  it('fewer than three masters in the end', () => {
    expect(leaving(3, formed(five)).refusals).toEqual([
      '2 nodes with 0 replicas each make 2 masters; a cluster needs three: declare at least 3 nodes',
    ]);
    const weights = {
      ...five,
      rebalance: true,
      nodes: five.nodes.map((node, index) => ({ ...node, weight: index < 2 ? 1 : 0 })),
    };
    const views = formed(five).map((view, index) => ({ ...view, node: weights.nodes[index] ?? view.node }));
    expect(planCluster(weights, views).refusals).toEqual([
      'only 2 masters would own slots in the end (h1:7000 (10.0.0.1:7000), h2:7000 (10.0.0.2:7000)); a cluster needs three',
    ]);
  });

  it('receivers without the memory, with the arithmetic', () => {
    const full = (max: number, host: number) =>
      formed(five).map((view) => ({
        ...view,
        memory: { used: 800 << 20, data: 700 << 20, max: max << 20, host: host << 20 },
      }));
    expect(leaving(2, full(1340, 0)).refusals).toEqual([]);
    expect(leaving(2, full(1320, 0)).refusals[0]).toMatch(
      /^h1:7000 .* uses 800 MiB and would receive about 467 MiB; its maxmemory is 1320 MiB, of which 95 % may be filled$/,
    );
    expect(leaving(2, full(0, 1340)).refusals[0] ?? '').toBe('');
    expect(leaving(2, full(0, 1320)).refusals[0]).toMatch(
      /^the nodes on h1 use 800 MiB and would receive about 467 MiB/,
    );
  });

  it('a node that leaves, cannot be asked and is still known', () => {
    const views = formed(five).map(
      (view, index): NodeView =>
        index === 4 ? { node: view.node, seen: false, kind: 'refused', problem: 'refuses connections' } : view,
    );
    expect(leaving(1, views).refusals[0]).toMatch(
      /^h5:7000 .* shall leave, h1:7000 .* still knows it, and it refuses connections/,
    );
  });
});

describe('a plan with moves', () => {
  it('shows what the layout will be, in which order, and asks for nothing when there is nothing to do', () => {
    const five = declare(5);
    const shrink = { ...five, nodes: five.nodes.slice(0, 3), leaving: five.nodes.slice(3) };
    const views = formed(five);
    const { steps, shards } = planCluster(shrink, views);
    expect(steps.map((step) => step.do)).toEqual([
      'await-receivers',
      ...Array.from({ length: 4 }, () => 'move-slots'),
      ...Array.from({ length: 6 }, () => 'forget'),
      'await-settled',
    ]);
    const layout = plannedLayout(views.slice(0, 3), shards, steps);
    expect(layout.match(/\((\d+) slots\)/g)).toEqual(['(5462 slots)', '(5461 slots)', '(5461 slots)']);
    expect(planCluster({ ...five, rebalance: true }, views).steps).toEqual([]);
    expect(planCluster(five, views).steps).toEqual([]);
  });
});
