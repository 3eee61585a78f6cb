import type { NodeView, SeenNode } from '../node/observe.ts';
import { place as nameOf, objections } from './classify.ts';
import type { Step } from './steps.ts';
import { type DeclaredCluster, mayDo, nodeName } from './topology.ts';

export interface Permitted {
  /** The views as they will be after the permitted steps. */
  readonly views: readonly NodeView[];
  readonly steps: readonly Step[];
  readonly refusals: readonly string[];
}

/**
 * Turns what the run allows for named nodes into steps, and only for nodes that something stands against: a member of this
 * cluster is never reset because its permission was left in the playbook.
 */
export function applyPermissions(cluster: DeclaredCluster, views: readonly NodeView[]): Permitted {
  const steps: Step[] = [];
  const refusals: string[] = [];
  const after = views.map((view) => {
    if (!view.seen) return view;
    const { foreign, keys } = objections(cluster, view, views);
    const resets = foreign.length > 0 && mayDo(cluster, view.node, 'reset');
    const flushes = (keys.length > 0 || (resets && view.keys > 0)) && mayDo(cluster, view.node, 'flush');
    if (resets && view.keys > 0 && !flushes) {
      refusals.push(`${nameOf(view)} holds ${view.keys} keys: resetting it needs the permission to flush it as well`);
    }
    if (flushes && hasReplicas(view)) {
      refusals.push(`${nameOf(view)} has replicas, which would lose their keys with it: it is not flushed`);
    }
    if (flushes && view.role === 'master') steps.push({ do: 'flush', node: nodeName(view.node) });
    if (resets) steps.push({ do: 'reset', node: nodeName(view.node) });
    if (resets) return fresh(view);
    return flushes ? { ...view, keys: 0 } : view;
  });
  return refusals.length > 0 ? { views, steps: [], refusals } : { views: after, steps, refusals };
}

function hasReplicas(view: SeenNode): boolean {
  return view.others.some((line) => line.masterId === view.self.id);
}

/** What CLUSTER RESET HARD leaves; the new id is not known before. */
function fresh(view: SeenNode): SeenNode {
  const self = { ...view.self, id: `(a new id of ${nodeName(view.node)})`, masterId: undefined, slots: [] };
  return { ...view, self, others: [], keys: 0, role: 'master', epoch: 0, stateOk: false, linkUp: false };
}
