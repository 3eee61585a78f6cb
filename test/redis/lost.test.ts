import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCluster, standingRefusals } from '../../src/redis/cluster/plan.ts';
import type { DeclaredCluster, DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { ModelCluster } from './model.ts';

const HOSTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function nodeOn(host: string): DeclaredNode {
  return { host, address: `10.0.0.${host.charCodeAt(0)}`, port: 7000, zone: `z${host.charCodeAt(0) % 3}` };
}

function declare(hosts: readonly string[], changes: Partial<DeclaredCluster> = {}): DeclaredCluster {
  const nodes = hosts.map(nodeOn);
  return { name: 'main', nodes, replicas: 1, placement: 'zones', nodeTimeoutMs: 5000, allow: [], ...changes };
}

/** Plans and carries out until nothing is left, or a crash comes. */
function settle(
  cluster: DeclaredCluster,
  model: ModelCluster,
  crashAfter = Number.POSITIVE_INFINITY,
): readonly string[] {
  let left = crashAfter;
  for (let round = 0; round < 8; round += 1) {
    const { steps, refusals } = planCluster(cluster, model.views(cluster));
    if (refusals.length > 0 || steps.length === 0) return refusals;
    for (const step of steps) {
      if (left === 0) return [];
      left -= 1;
      model.carryOut(step);
      // Who took over has slots: what comes next is planned anew, as it is carried out.
      if (step.do === 'take-over') break;
    }
  }
  throw new Error('no end after 8 rounds');
}

function serving(hosts: readonly string[]): ModelCluster {
  const cluster = declare(hosts);
  const model = new ModelCluster(cluster);
  settle(cluster, model);
  for (const node of model.nodes) if (node.slots.length > 0) node.keys = 10;
  return model;
}

const keysOf = (model: ModelCluster): number => model.nodes.reduce((sum, node) => sum + (node.dead ? 0 : node.keys), 0);

type Fate = 'lost' | 'replaced' | 'wiped' | 'down';

describe('hosts that die', () => {
  it('whatever becomes of them and wherever a run is killed, no key is given up and the others end as declared', () => {
    const fate = fc.record({
      host: fc.constantFrom(...HOSTS.slice(0, 6)),
      fate: fc.constantFrom<Fate>('lost', 'replaced', 'wiped', 'down'),
    });
    const fates = fc.uniqueArray(fate, { selector: ({ host }) => host, minLength: 1, maxLength: 3 });
    const crashes = fc.array(fc.nat(30), { maxLength: 3 });
    fc.assert(
      fc.property(fates, fc.integer({ min: 0, max: 2 }), crashes, (dying, spares, kills) => {
        const hosts = HOSTS.slice(0, 6 + spares);
        const model = serving(hosts);
        for (const { host } of dying) model.kill(`${host}:7000`);
        const keys = keysOf(model);
        const gone = dying.filter((one) => one.fate === 'lost' || one.fate === 'replaced').map(({ host }) => host);
        const replacements = dying.filter((one) => one.fate === 'replaced').map(({ host }) => `${host}${host}`);
        for (const { host } of dying.filter((one) => one.fate === 'wiped')) model.start(nodeOn(host));
        for (const host of replacements) model.start(nodeOn(host));
        const left = [...hosts.filter((host) => !gone.includes(host)), ...replacements];
        const records = new Map([
          ['a', [{ cluster: 'main', nodes: model.nodes.map((node) => ({ ...node, host: node.name.slice(0, -5) })) }]],
        ]);
        const cluster = declare(left, { lost: gone.map((host) => ({ host })), records });
        for (const kill of kills) settle(cluster, model, kill);
        const refusals = settle(cluster, model);
        expect(keysOf(model)).toBe(keys);
        const orphaned = model.nodes.some((node) => node.dead && node.slots.length > 0);
        const isDown = dying.some((one) => one.fate === 'down');
        if (orphaned || isDown) {
          expect(refusals).not.toEqual([]);
          return;
        }
        if (refusals.length > 0) {
          // Fewer than the declared shards can be made of what is left, or a dead one is still listed nowhere.
          expect(refusals.join()).toMatch(/a cluster needs three|owns? slots/);
          return;
        }
        const views = model.views(cluster);
        const findings = verify(cluster, views, { placement: false }).map(({ code }) => code);
        const enough = left.length >= 2 * model.nodes.filter((node) => node.slots.length > 0).length;
        expect(findings.filter((code) => enough || code !== 'replicas')).toEqual([]);
        for (const node of model.nodes)
          for (const id of node.dead ? [] : node.known)
            expect(model.node(id).dead, `${node.name} knows ${id}`).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it('a replica follows the fresh node in the place of its master, which had no slots, before it forgets the old one', () => {
    const model = serving(HOSTS.slice(0, 6));
    const cluster = declare(HOSTS);
    for (const host of HOSTS.slice(6)) model.start(nodeOn(host));
    settle(cluster, model);
    const [replica] = model.nodes.filter(({ master }) => master !== undefined && model.node(master).slots.length === 0);
    const old = model.node(replica?.master ?? '');
    // Nobody takes over from a master without slots.
    old.dead = true;
    const fresh = model.start(nodeOn(old.name.slice(0, 1)));
    expect(settle(cluster, model)).toEqual([]);
    expect(replica?.master).toBe(fresh.id);
    expect(verify(cluster, model.views(cluster), { placement: false })).toEqual([]);
    expect(model.nodes.filter(({ dead, known }) => !dead && known.has(old.id))).toEqual([]);
  });

  it('a lost shard is given away only to the node that the run names, from whatever a crash left', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 3 }), (kills) => {
        const model = serving(HOSTS.slice(0, 6));
        const victim = model.nodes.find((node) => node.name === 'b:7000');
        const replica = model.nodes.find((node) => node.master === victim?.id);
        const lost = [replica?.name ?? '', 'b:7000'];
        for (const name of lost) model.kill(name);
        const left = HOSTS.slice(0, 6).filter((host) => !lost.includes(`${host}:7000`));
        const named = declare(left, {
          lost: lost.map((name) => ({ host: name.slice(0, 1), address: nodeOn(name.slice(0, 1)).address })),
        });
        const { refusals } = planCluster(named, model.views(named));
        expect(refusals.join()).toMatch(/b:7000 is gone with all data of slots/);
        const allowed = { ...named, allow: [{ node: 'a:7000', may: 'take-slots' as const }] };
        model.mayLose = true;
        for (const kill of kills) settle(allowed, model, kill);
        expect(settle(allowed, model)).toEqual([]);
        expect(verify(allowed, model.views(allowed), { placement: false })).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a shard of which nothing is left', () => {
  const model = serving(HOSTS.slice(0, 6));
  const victim = model.nodes.find((node) => node.name === 'b:7000');
  const names = ['b:7000', model.nodes.find((node) => node.master === victim?.id)?.name ?? ''];
  for (const name of names) model.kill(name);
  const left = HOSTS.slice(0, 6).filter((host) => !names.includes(`${host}:7000`));
  const lost = names.map((name) => ({ host: name.slice(0, 1), address: nodeOn(name.slice(0, 1)).address }));
  for (const host of ['g', 'h']) {
    model.start(nodeOn(host));
    model.node(`${host}:7000`).dead = true;
  }
  const given = declare([...left, 'g', 'h'], { lost, allow: [{ node: 'g:7000', may: 'take-slots' }] });

  it('may be given to a node that does not run yet, which is prepared for it', () => {
    expect(standingRefusals(given, model.views(given))).toEqual([]);
    expect(standingRefusals({ ...given, allow: [] }, model.views(given)).join()).toMatch(/gone with all data of slots/);
  });

  it('is given to nobody as long as that node does not run', () => {
    const { refusals, steps } = planCluster(given, model.views(given));
    expect(refusals).not.toEqual([]);
    expect(steps).toEqual([]);
  });
});

describe('a host that comes back empty', () => {
  const hosts = HOSTS.slice(0, 6);
  const recordedOn = (names: readonly string[]) =>
    new Map(names.map((host) => [host, [{ cluster: 'main', nodes: [] }]]));
  function crashed(takenOver: boolean) {
    const model = serving(hosts);
    const master = model.nodes.find(({ slots }) => slots.length > 0)?.name ?? '';
    if (takenOver) model.kill(master);
    else model.node(master).dead = true;
    return { model, host: master.split(':')[0] ?? '' };
  }

  it('is not started as long as its replica would sync from nothing', () => {
    const { model, host } = crashed(false);
    const rest = hosts.filter((other) => other !== host);
    const cluster = declare(hosts, { records: recordedOn(rest) });
    expect(standingRefusals(cluster, model.views(cluster)).join()).toMatch(
      /started empty now, it would empty its replica/,
    );
    const intact = declare(hosts, { records: recordedOn(hosts) });
    expect(standingRefusals(intact, model.views(intact))).toEqual([]);
  });

  it('may start once the replica has taken over', () => {
    const { model, host } = crashed(true);
    const cluster = declare(hosts, { records: recordedOn(hosts.filter((other) => other !== host)) });
    expect(standingRefusals(cluster, model.views(cluster))).toEqual([]);
  });
});
