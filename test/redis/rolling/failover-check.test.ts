import { describe, expect, it } from 'vitest';
import { nodeName } from '../../../src/redis/cluster/topology.ts';
import type { MemberLine } from '../../../src/redis/node/nodes-line.ts';
import type { NodeView, SeenNode } from '../../../src/redis/node/observe.ts';
import { bestReplica, failoverObstacles, MAX_LAG_BYTES } from '../../../src/redis/rolling/failover-check.ts';
import { servingViews } from './serving.ts';

const find = (views: readonly NodeView[], name: string): NodeView => {
  const view = views.find((one) => nodeName(one.node) === name);
  if (!view) throw new Error(`no ${name}`);
  return view;
};

/** The views with one node's changed. */
function changed(name: string, change: (view: SeenNode) => NodeView, replicas = 1): readonly NodeView[] {
  return servingViews(3, replicas).map((view) => (view.seen && nodeName(view.node) === name ? change(view) : view));
}

function lineChanged(name: string, of: string, change: (line: MemberLine) => MemberLine): readonly NodeView[] {
  return changed(name, (view) => ({
    ...view,
    others: view.others.map((line) => (line.id === of ? change(line) : line)),
  }));
}

describe('what stands against a failover', () => {
  const views = servingViews(3, 1);
  const id = (name: string): string => (find(views, name) as SeenNode).self.id;
  const told = (seen: readonly NodeView[], name: string): string[] =>
    failoverObstacles(seen, find(seen, name)).map(({ message }) => message);
  const obstacles = (seen: readonly NodeView[]): string[] => told(seen, 'h4:6379');

  it('nothing, where replica and masters are well', () => {
    expect(obstacles(views)).toEqual([]);
    expect(told(views, 'h1:6379')).toEqual(['h1:6379 (10.0.0.1:6379) is a master already']);
  });

  it.each([
    [
      'no link',
      'h4:6379',
      (view: SeenNode) => ({ ...view, linkUp: false }),
      /h4:6379 .* has no replication link to h1:6379/,
    ],
    [
      'a sync',
      'h4:6379',
      (view: SeenNode) => ({ ...view, syncing: true }),
      /h4:6379 .* is still loading the data of h1:6379/,
    ],
    [
      'a lag',
      'h1:6379',
      (view: SeenNode) => ({ ...view, replOffset: MAX_LAG_BYTES + 1 }),
      /h4:6379 .* bytes behind h1:6379/,
    ],
    ['a master that is gone', 'h1:6379', unseen, /master of h4:6379 .* cannot be asked/],
    ['the replica gone', 'h4:6379', unseen, /h4:6379 .* refuses connections/],
  ] as const)('%s', (_, name, change, message) => {
    expect(obstacles(changed(name, change)).join('; ')).toMatch(message);
  });

  it.each([
    [
      'takes it for dead',
      (line: MemberLine) => ({ ...line, flags: new Set(['slave', 'fail?']) }),
      /h2:6379 .* takes for dead h4:6379/,
    ],
    [
      'has no connection',
      (line: MemberLine) => ({ ...line, connected: false }),
      /h2:6379 .* has no bus connection to h4:6379/,
    ],
    [
      'knows another master',
      (line: MemberLine) => ({ ...line, masterId: 'f'.repeat(40) }),
      /h2:6379 .* knows another master of h4:6379/,
    ],
  ])('a voter that %s', (_, change, message) => {
    expect(obstacles(lineChanged('h2:6379', id('h4:6379'), change)).join('; ')).toMatch(message);
  });

  it('a voter that does not know it', () => {
    const without = changed('h3:6379', (view) => ({
      ...view,
      others: view.others.filter((line) => line.id !== id('h4:6379')),
    }));
    expect(obstacles(without).join()).toMatch(/h3:6379 .* does not know h4:6379/);
  });

  it('no majority of masters to vote', () => {
    const gone = ['h2:6379', 'h3:6379'];
    const few = views.map((view) => (view.seen && gone.includes(nodeName(view.node)) ? unseen(view) : view));
    expect(obstacles(few)).toEqual(['only 1 of 3 masters can be asked: a failover needs the votes of a majority']);
  });

  it('chooses the replica with the most data, and none that is out of sync', () => {
    const ahead = changed('h7:6379', (view) => ({ ...view, replOffset: 10 }), 2);
    const master = find(ahead, 'h1:6379') as SeenNode;
    const best = bestReplica(ahead, master);
    expect(best && nodeName(best.node)).toBe('h7:6379');
    const cut = ahead.map((view) =>
      view.seen && nodeName(view.node) === 'h7:6379' ? { ...view, linkUp: false } : view,
    );
    const second = bestReplica(cut, master);
    expect(second && nodeName(second.node)).toBe('h4:6379');
    const far = changed('h7:6379', (view) => ({ ...view, replOffset: MAX_LAG_BYTES * 2 }), 2);
    expect(told(far, 'h4:6379').join()).toMatch(/h7:6379 .* has more of the data of h1:6379/);
  });
});

function unseen(view: SeenNode): NodeView {
  return { node: view.node, seen: false, kind: 'refused', problem: 'refuses connections: nothing listens on the port' };
}
