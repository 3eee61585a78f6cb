import { describe, expect, it } from 'vitest';
import type { RedisRollingArgs } from '../../../src/modules/generated/redis_rolling.ts';
import { planMaintenance } from '../../../src/modules/redis-rolling/maintenance.ts';
import type { NodeView, SeenNode } from '../../../src/redis/node/observe.ts';
import { servingCluster, servingViews } from '../../redis/rolling/serving.ts';

const cluster = servingCluster(3, 1);
const stopped = (name: string) => ({ what: name, before: 'running', after: 'stopped' });

function planned(views: readonly NodeView[], hosts: readonly string[]) {
  const args = { name: 'main', state: 'away', nodes: cluster.nodes, hosts } as unknown as RedisRollingArgs;
  const { refusals, changes } = planMaintenance({ views, onHost: new Map(), records: new Map() }, args);
  return { refusals, changes };
}

describe('taking hosts away', () => {
  const views = servingViews(3, 1);
  const seen = (host: string) => views.find((view) => view.node.host === host) as SeenNode;

  /** h4 has taken over from h1, and knows it. */
  const successor: NodeView = {
    ...seen('h4'),
    role: 'master',
    self: { ...seen('h4').self, masterId: undefined, slots: seen('h1').self.slots },
  };

  it('is judged later where a master has not heard yet that it was succeeded', () => {
    const between = views.map((view) => (view.node.host === 'h4' ? successor : view));
    expect(planned(between, ['h1'])).toEqual({ refusals: [], changes: [stopped('h1:6379')] });
  });

  it('is refused where it is no matter of time', () => {
    expect(planned(views, ['h1', 'h4']).refusals.join()).toMatch(/nobody would be left/);
  });
});
