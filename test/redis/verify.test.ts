import { describe, expect, it } from 'vitest';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import { TEMPORARY_NODE_TIMEOUT_MS } from '../../src/redis/cluster/steps.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import type { NodeView } from '../../src/redis/node/observe.ts';
import { ModelCluster } from './model.ts';

const hosts = ['a', 'b', 'c', 'a', 'b', 'c'];
const cluster: DeclaredCluster = {
  name: 'main',
  nodes: hosts.map((host, index) => ({ host, address: `10.0.0.${host.charCodeAt(0)}`, port: 7000 + index })),
  replicas: 1,
  placement: 'zones',
  nodeTimeoutMs: 5000,
  allow: [],
};

function standing(): ModelCluster {
  const model = new ModelCluster(cluster);
  for (const step of planCluster(cluster, model.views(cluster)).steps) model.carryOut(step);
  return model;
}

function findings(
  model: ModelCluster,
  change: (view: NodeView) => NodeView = (view) => view,
  declared = cluster,
): string[] {
  return verify(declared, model.views(declared).map(change), { placement: true, version: '7.0.15' }).map(
    ({ message }) => message,
  );
}

describe('verify', () => {
  it('finds nothing in a standing cluster', () => {
    expect(findings(standing())).toEqual([]);
  });

  it('names an unreachable node and whose replica it was', () => {
    const dead = (view: NodeView): NodeView =>
      view.node.port === 7004
        ? { node: view.node, seen: false, kind: 'refused', problem: 'refuses connections' }
        : view;
    const found = findings(standing(), dead);
    expect(found).toContain('b:7004 (10.0.0.98:7004) refuses connections');
    expect(found.filter((text) => text.includes('has 0 replicas, declared are 1'))).toHaveLength(1);
  });

  it('says nothing of slots when no node could be asked', () => {
    const silent = ({ node }: NodeView): NodeView => ({ node, seen: false, kind: 'refused', problem: 'is silent' });
    expect(findings(standing(), silent).filter((text) => !text.endsWith(' is silent'))).toEqual([]);
  });

  it('names a replica without its link, and a node that says fail', () => {
    const broken = (view: NodeView): NodeView =>
      view.seen && view.node.port === 7003 ? { ...view, linkUp: false, stateOk: false } : view;
    const found = findings(standing(), broken);
    expect(found[0]).toBe('a:7003 (10.0.0.97:7003) says cluster_state:fail');
    expect(found[1]).toMatch(/^a:7003 \(10\.0\.0\.97:7003\) has no replication link to its master [bc]:/);
  });

  it('names slots without an owner, with two owners, and open ones', () => {
    const lost = standing();
    lost.node('a:7000').slots = [[0, 5459]];
    expect(findings(lost)).toContain('1 of 16384 slots have no owner: 5460');
    const twice = standing();
    twice.node('b:7001').slots = [[5460, 10922]];
    expect(findings(twice)).toContain(
      'slots 5460 are claimed by several nodes: a:7000 (10.0.0.97:7000), b:7001 (10.0.0.98:7001)',
    );
    const open = (view: NodeView): NodeView =>
      view.seen && view.node.port === 7000
        ? { ...view, self: { ...view.self, migrating: new Map([[93, 'x']]) } }
        : view;
    expect(findings(standing(), open)).toContain('a:7000 (10.0.0.97:7000) is giving slots away: 93');
  });

  it('names who believes something else than the node itself', () => {
    const wrong = (view: NodeView): NodeView => {
      if (!view.seen || view.node.port !== 7002) return view;
      const others = view.others.map((line) => (line.port === 7000 ? { ...line, slots: [] } : line));
      return { ...view, others };
    };
    expect(findings(standing(), wrong)).toEqual([
      'there is no agreement on a:7000 (10.0.0.97:7000): c:7002 (10.0.0.99:7002) believes it owns slots none (it says 0-5460)',
    ]);
  });

  it('names who sees whom as failed or does not know whom', () => {
    const partial = (view: NodeView): NodeView => {
      if (!view.seen || view.node.port !== 7002) return view;
      const others = view.others
        .filter((line) => line.port !== 7001)
        .map((line) => (line.port === 7000 ? { ...line, flags: new Set(['master', 'fail?']) } : line));
      return { ...view, others };
    };
    expect(findings(standing(), partial)).toEqual([
      'b:7001 (10.0.0.98:7001) is unknown to c:7002 (10.0.0.99:7002)',
      'a:7000 (10.0.0.97:7000) is seen as fail? by c:7002 (10.0.0.99:7002)',
    ]);
  });

  it('names wrong versions, leftovers of an interrupted run and other timeouts', () => {
    const model = standing();
    model.node('a:7000').timeout = TEMPORARY_NODE_TIMEOUT_MS;
    model.node('b:7001').timeout = 15000;
    const old = (view: NodeView): NodeView =>
      view.seen && view.node.port === 7005 ? { ...view, version: '4.0.7' } : view;
    expect(findings(model, old)).toEqual([
      'a:7000 (10.0.0.97:7000) still has the temporary cluster-node-timeout 2001 of an interrupted run',
      'b:7001 (10.0.0.98:7001) has cluster-node-timeout 15000, declared is 5000',
      'c:7005 (10.0.0.99:7005) runs redis 4.0.7, declared is 7.0.15',
    ]);
  });

  it('names placement that the same hosts could do better, but not what they cannot', () => {
    const model = standing();
    const inHosts = (hostOf: (view: NodeView) => string): ReturnType<typeof verify> => {
      const views = model.views(cluster).map((view) => ({ ...view, node: { ...view.node, host: hostOf(view) } }));
      return verify({ ...cluster, nodes: views.map(({ node }) => node) }, views, { placement: true });
    };
    const shardOf = (view: NodeView): string => (view.seen ? (view.self.masterId ?? view.self.id) : '');
    const together = inHosts(shardOf);
    expect(together.map(({ code }) => code)).toEqual(['placement', 'placement', 'placement']);
    expect(together[0]?.message).toMatch(/is on the same host as its master/);
    expect(inHosts(() => 'a')).toEqual([]);
  });
});
