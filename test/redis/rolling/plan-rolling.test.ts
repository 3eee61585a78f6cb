import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  planRolling,
  type RollingOptions,
  type RollingStep,
  type Wave,
} from '../../../src/redis/rolling/plan-rolling.ts';
import type { RollingNode } from '../../../src/redis/rolling/rolling-node.ts';

interface Sketch {
  readonly replicas: number;
  readonly zones: readonly number[];
  readonly targets: readonly boolean[];
  readonly down: number;
  readonly allowed: boolean;
  readonly perishable: boolean;
}

/** Any serving cluster, at most one node of a shard down, as a killed run or a crash leaves it. */
const shard: fc.Arbitrary<Sketch> = fc.record({
  replicas: fc.nat(3),
  zones: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
  targets: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  down: fc.integer({ min: -4, max: 3 }),
  allowed: fc.boolean(),
  perishable: fc.boolean(),
});

function nodesOf(sketches: readonly Sketch[]): RollingNode[] {
  return sketches.flatMap((sketch, number) =>
    [...Array(sketch.replicas + 1).keys()].map((index): RollingNode => {
      const master = `h${number}-0:1`;
      return {
        name: `h${number}-${index}:1`,
        host: `h${number}-${index}`,
        zone: `z${sketch.zones[index]}`,
        down: sketch.down === index,
        role: index === 0 ? 'master' : 'replica',
        master: index === 0 ? undefined : master,
        slots: index === 0 ? 100 : 0,
        inSync: index > 0 && sketch.down !== index,
        offset: index,
        version: sketch.down === index ? undefined : '7.0.15',
        perishable: index === 0 && sketch.perishable ? 'keeps no copy on disk' : undefined,
      };
    }),
  );
}

function optionsOf(sketches: readonly Sketch[], changes: Partial<RollingOptions> = {}): RollingOptions {
  const nodes = nodesOf(sketches);
  const wanted = sketches.flatMap((sketch) => sketch.targets.slice(0, sketch.replicas + 1));
  const alone = sketches.flatMap((sketch, number) => (sketch.allowed ? [`h${number}-0:1`] : []));
  return {
    targets: new Map(nodes.flatMap(({ name }, index) => (wanted[index] ? [[name, undefined] as const] : []))),
    parallel: 1,
    perZone: 1,
    canary: true,
    allowOutage: new Set(alone),
    canFollow: () => true,
    ...changes,
  };
}

/** A cluster that does what a step says and fails the test at what a promise forbids. */
class Shards {
  readonly nodes: Map<string, RollingNode & { home: string }>;
  readonly restarted = new Set<string>();

  constructor(nodes: readonly RollingNode[]) {
    this.nodes = new Map(nodes.map((node) => [node.name, { ...node, home: node.master ?? node.name }]));
  }

  get(name: string): RollingNode & { home: string } {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }

  change(name: string, changes: Partial<RollingNode>): void {
    this.nodes.set(name, { ...this.get(name), ...changes });
  }

  members(name: string): (RollingNode & { home: string })[] {
    return [...this.nodes.values()].filter(({ home }) => home === this.get(name).home);
  }

  begin(step: RollingStep, options: RollingOptions): void {
    const node = this.get(step.node);
    if (step.do === 'start') expect(node.down).toBe(true);
    if (step.do === 'restart') {
      expect(options.targets.has(step.node)).toBe(true);
      if (node.role === 'master' && node.slots > 0) {
        expect(this.members(step.node)).toHaveLength(1);
        expect(options.allowOutage.has(step.node)).toBe(true);
        expect(node.perishable).toBeUndefined();
      }
      this.change(step.node, { down: true });
    }
    if (step.do === 'fail-over') {
      expect(node).toMatchObject({ role: 'replica', master: step.master, inSync: true, down: false });
      expect(this.get(step.master)).toMatchObject({ role: 'master', down: false });
      expect(options.targets.has(step.node) && !this.restarted.has(step.node)).toBe(false);
    }
    expect(this.members(step.node).filter(({ down }) => down).length).toBeLessThanOrEqual(1);
  }

  finish(step: RollingStep): void {
    if (step.do === 'fail-over') {
      const { slots } = this.get(step.master);
      for (const { name, master } of this.members(step.node))
        if (master === step.master) this.change(name, { master: step.node });
      this.change(step.node, { role: 'master', master: undefined, slots });
      this.change(step.master, { role: 'replica', master: step.node, slots: 0, inSync: true });
      return;
    }
    this.change(step.node, { down: false, inSync: true });
    this.restarted.add(step.node);
  }
}

/** All steps of a wave begin before the first ends: the worst that running them at once can be. */
function carryOut(nodes: readonly RollingNode[], waves: readonly Wave[], options: RollingOptions): Shards {
  const shards = new Shards(nodes);
  for (const wave of waves) {
    for (const step of wave) shards.begin(step, options);
    const away = wave.filter((step) => step.do !== 'fail-over').map((step) => shards.get(step.node).zone);
    expect(wave.length).toBeLessThanOrEqual(options.parallel);
    for (const zone of away) expect(away.filter((one) => one === zone).length).toBeLessThanOrEqual(options.perZone);
    expect(new Set(wave.map((step) => shards.get(step.node).home)).size).toBe(wave.length);
    for (const step of wave) shards.finish(step);
  }
  return shards;
}

const cluster = fc.array(shard, { minLength: 1, maxLength: 6 });

describe('the order of a rolling operation', () => {
  it('restarts all that is due and no more, never two nodes of a shard at once, never a master that somebody can replace', () => {
    fc.assert(
      fc.property(
        cluster,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (sketches, parallel, perZone) => {
          const nodes = nodesOf(sketches);
          const options = optionsOf(sketches, { parallel, perZone });
          const { waves, refusals } = planRolling(nodes, options);
          const shards = carryOut(nodes, waves, options);
          const due = new Set([...options.targets.keys(), ...nodes.filter(({ down }) => down).map(({ name }) => name)]);
          const alone = nodes.filter(
            (node) =>
              node.role === 'master' &&
              !node.down &&
              options.targets.has(node.name) &&
              !nodes.some(({ master }) => master === node.name),
          );
          const refused = alone.filter(
            ({ name, perishable }) => !options.allowOutage.has(name) || perishable !== undefined,
          );
          expect(refusals).toHaveLength(refused.length);
          if (refused.length === 0) expect(shards.restarted).toEqual(due);
          else expect(waves).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may be stopped after any wave and planned anew from what is there', () => {
    fc.assert(
      fc.property(cluster, fc.nat(20), fc.boolean(), (sketches, stop, isBetween) => {
        const nodes = nodesOf(sketches.map((sketch) => ({ ...sketch, allowed: true, perishable: false })));
        const options = optionsOf(sketches, {
          parallel: 2,
          perZone: 2,
          allowOutage: new Set(nodes.map(({ name }) => name)),
        });
        const { waves } = planRolling(nodes, options);
        const shards = carryOut(nodes, waves.slice(0, stop), options);
        // Killed after the shutdown of a wave's nodes and before their start.
        const cut = isBetween ? (waves[stop] ?? []) : [];
        for (const step of cut) if (step.do === 'restart') shards.begin(step, options);
        const left = new Map([...options.targets].filter(([name]) => !shards.restarted.has(name)));
        const seen = [...shards.nodes.values()].map(({ home: _, ...node }) => node);
        const again = { ...options, targets: left };
        const second = planRolling(seen, again);
        expect(second.refusals).toEqual([]);
        const end = carryOut(seen, second.waves, again);
        for (const name of left.keys()) expect(end.restarted).toContain(name);
        expect([...end.nodes.values()].filter(({ down }) => down)).toEqual([]);
      }),
    );
  });

  it('begins with the canary alone, also when a node is named', () => {
    const sketches = [0, 1, 2].map(() => ({
      replicas: 2,
      zones: [0, 1, 2, 3],
      targets: [true, true, true, true],
      down: -1,
      allowed: false,
      perishable: false,
    }));
    const options = optionsOf(sketches, { parallel: 3, perZone: 9 });
    const { waves } = planRolling(nodesOf(sketches), options);
    expect(waves[0]).toEqual([{ do: 'restart', node: 'h0-1:1' }]);
    expect(waves[1]).toHaveLength(3);
    const named = planRolling(nodesOf(sketches), { ...options, canary: 'h2-2:1' }).waves;
    expect(named[0]).toEqual([{ do: 'restart', node: 'h2-2:1' }]);
    expect(named[1]).toHaveLength(3);
    const master = planRolling(nodesOf(sketches), { ...options, canary: 'h1-0:1' }).waves;
    expect(
      master
        .slice(0, 4)
        .flat()
        .map(({ node }) => node),
    ).toEqual(['h1-1:1', 'h1-2:1', 'h1-2:1', 'h1-0:1']);
    expect(planRolling(nodesOf(sketches), { ...options, canary: false }).waves[0]).toHaveLength(3);
  });

  it('does not promote a node that a sibling with an older version could not follow', () => {
    const sketches = [
      {
        replicas: 2,
        zones: [0, 1, 2, 3],
        targets: [true, true, false, false],
        down: -1,
        allowed: false,
        perishable: false,
      },
    ];
    const base = optionsOf(sketches);
    const targets = new Map([...base.targets.keys()].map((name) => [name, '8.0.2']));
    const canFollow = (replica: string, master: string): boolean => replica >= master;
    const plan = planRolling(nodesOf(sketches), { ...base, targets, canFollow });
    expect(plan.waves.flat()).toEqual([
      { do: 'restart', node: 'h0-1:1' },
      // The sibling that stays old is followed by both.
      { do: 'fail-over', node: 'h0-2:1', master: 'h0-0:1' },
      { do: 'restart', node: 'h0-0:1' },
    ]);
    expect(plan.refusals).toEqual([]);
  });
});
