import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { observedLayout, plannedLayout } from '../../src/redis/cluster/report.ts';
import { TEMPORARY_NODE_TIMEOUT_MS } from '../../src/redis/cluster/steps.ts';
import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { observedShards, verify } from '../../src/redis/cluster/verify.ts';
import { ModelCluster } from './model.ts';

function declare(hosts: readonly string[], changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
  const nodes = hosts.map((host, index): DeclaredNode => {
    return { host, address: `10.0.0.${host.charCodeAt(0)}`, port: 7000 + index, zone: undefined };
  });
  return { name: 'main', nodes, replicas: 1, placement: 'zones', nodeTimeoutMs: 5000, allow: [], ...changes };
}

const six = declare(['a', 'a', 'b', 'b', 'c', 'c']);

/** Carries a plan out step by step, at most `limit` of them. */
function run(cluster: DeclaredCluster, model: ModelCluster, limit = Number.POSITIVE_INFINITY): number {
  const { refusals, steps } = planCluster(cluster, model.views(cluster));
  expect(refusals).toEqual([]);
  const done = steps.slice(0, limit);
  for (const step of done) model.carryOut(step);
  return done.length;
}

function expectDeclared(cluster: DeclaredCluster, model: ModelCluster): void {
  const views = model.views(cluster);
  expect(verify(cluster, views, { placement: true })).toEqual([]);
  expect(planCluster(cluster, views).steps).toEqual([]);
}

describe('planCluster', () => {
  it('forms six fresh nodes', () => {
    const model = new ModelCluster(six);
    const { steps, shards } = planCluster(six, model.views(six));
    expect(new Set(steps.map((step) => step.do))).toEqual(
      new Set([
        'hasten',
        'set-epoch',
        'meet',
        'add-slots',
        'await-members',
        'replicate',
        'await-settled',
        'set-timeout',
      ]),
    );
    const planned = plannedLayout(model.views(six), shards, steps);
    run(six, model);
    expectDeclared(six, model);
    expect(observedLayout(model.views(six))).toBe(planned);
    expect(planned.split('\n').slice(0, 2)).toEqual([
      `M: ${'a'.repeat(39)}0 10.0.0.97:7000`,
      '   slots:0-5460 (5461 slots) master',
    ]);
  });

  it('leads from every interrupted forming to the same layout as an undisturbed one', () => {
    const undisturbed = new ModelCluster(six);
    run(six, undisturbed);
    const whole = planCluster(six, new ModelCluster(six).views(six)).steps.length;
    for (let first = 0; first <= whole; first += 1) {
      const model = new ModelCluster(six);
      run(six, model, first);
      run(six, model);
      expectDeclared(six, model);
      expect(observedLayout(model.views(six))).toBe(observedLayout(undisturbed.views(six)));
    }
  });

  it('goes on when a closed port let only one side learn of the other, and that side says ok', () => {
    const three = declare(['a', 'b', 'c'], { replicas: 0 });
    const model = new ModelCluster(three);
    run(three, model);
    const [a, b, c] = model.nodes.map(({ id }) => id);
    model.node('a:7000').known.delete(b ?? '');
    model.node('c:7002').known.delete(b ?? '');
    expect([...model.node('b:7001').known].sort()).toEqual([a, c]);
    run(three, model);
    expectDeclared(three, model);
    model.node('a:7000').known.delete(b ?? '');
    model.node('b:7001').keys = 1;
    expect(planCluster(three, model.views(three)).steps.filter((step) => step.do === 'meet')).toEqual([]);
  });

  it('goes on from any subset of the steps that a crash let through, again and again', () => {
    const crash = fc.record({ done: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), gossips: fc.boolean() });
    const hosts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 6, maxLength: 9 });
    fc.assert(
      fc.property(hosts, fc.array(crash, { maxLength: 3 }), (names, crashes) => {
        const cluster = declare(names);
        const model = new ModelCluster(cluster);
        for (const { done, gossips } of crashes) {
          const { steps, refusals } = planCluster(cluster, model.views(cluster));
          expect(refusals).toEqual([]);
          // A stage runs on all nodes at once: of the stage that the crash hit, any part may have been done.
          const last = steps.findIndex((step, index) => !done[index % done.length] && step.do.startsWith('await'));
          const upTo = last < 0 ? steps : steps.slice(0, last);
          upTo.forEach((step, index) => {
            const stageIsOver = upTo.slice(index).some((later) => later.do.startsWith('await'));
            const legal = step.do !== 'set-timeout' && step.do !== 'replicate';
            if (stageIsOver || (done[index % done.length] && (legal || last < 0))) model.carryOut(step);
          });
          if (gossips) model.gossip();
        }
        run(cluster, model);
        const views = model.views(cluster);
        expect(verify(cluster, views, { placement: false })).toEqual([]);
        expect(planCluster(cluster, views).steps).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  it('restores what an interrupted run left in a cluster that serves, and nothing else', () => {
    const model = new ModelCluster(six);
    run(six, model);
    model.node('b:7003').timeout = TEMPORARY_NODE_TIMEOUT_MS;
    model.node('a:7000').keys = 5;
    expect(planCluster(six, model.views(six)).steps).toEqual([{ do: 'set-timeout', node: 'b:7003', ms: 5000 }]);
  });

  it('joins new nodes to a cluster that serves: MEET goes to the new ones, missing replicas come first', () => {
    const model = new ModelCluster(declare(['a', 'b', 'c', 'a', 'b', 'd', 'e', 'f']));
    const small = declare(['a', 'b', 'c'], { replicas: 0 });
    for (const step of planCluster(small, model.views(small)).steps) model.carryOut(step);
    for (const name of ['a:7000', 'b:7001', 'c:7002']) model.node(name).keys = 10;
    const grown = declare(['a', 'b', 'c', 'a', 'b', 'd', 'e', 'f']);
    const { steps } = planCluster(grown, model.views(grown));
    expect(steps.some((step) => step.do === 'hasten' || step.do === 'add-slots' || step.do === 'set-epoch')).toBe(
      false,
    );
    run(grown, model);
    const views = model.views(grown);
    expect(planCluster(grown, views).steps).toEqual([]);
    const seen = views.filter((view) => view.seen);
    expect(observedShards(seen).map(({ replicas }) => replicas.length)).toEqual([1, 1, 1, 1]);
    expect(verify(grown, views, { placement: false })).toEqual([]);
  });

  it('refuses too few nodes', () => {
    const four = declare(['a', 'b', 'c', 'd']);
    expect(planCluster(four, new ModelCluster(four).views(four)).refusals).toEqual([
      '4 nodes with 1 replicas each make 2 masters; a cluster needs three: declare at least 6 nodes',
    ]);
  });

  it('refuses a state that would take slots away, naming the nodes', () => {
    const model = new ModelCluster(declare(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']));
    const eight = declare(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    run(eight, model);
    const { refusals } = planCluster({ ...eight, masters: 3 }, model.views(eight));
    expect(refusals.join()).toContain('4 nodes own slots where 3 masters are declared');
  });
});

describe('planCluster with seventy nodes', () => {
  const hosts = Array.from({ length: 70 }, (_, index) => `h${index % 25}`);
  const cluster: DeclaredCluster = {
    ...declare([]),
    nodes: hosts.map((host, index) => ({
      host,
      address: `10.0.${index % 25}.1`,
      port: 7000 + index,
      zone: `z${(index % 25) % 3}`,
    })),
  };

  it('does not let everyone meet everyone, and still brings all together', () => {
    const model = new ModelCluster(cluster);
    const { steps } = planCluster(cluster, model.views(cluster));
    expect(steps.filter((step) => step.do === 'meet').length).toBeLessThan(70 * 16);
    for (const step of steps) model.carryOut(step);
    expectDeclared(cluster, model);
  });
});
