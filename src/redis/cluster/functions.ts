import type { ClusterIo } from '../node/cluster-io.ts';
import { type SeenNode, said } from '../node/observe.ts';
import { errorIn } from '../node/resp.ts';
import { NodeLinks, StaleError } from '../slots/node-links.ts';
import { describeStep, type Step } from './steps.ts';
import { nodeName } from './topology.ts';

type CopyStep = Extract<Step, { do: 'copy-functions' }>;

/**
 * Masters that own no slots yet get the FUNCTIONs of one that does: libraries are no keys, so that no slot brings them along, and clients
 * would be told that there are none. Replicas have them from their masters.
 */
export function functionSteps(members: readonly SeenNode[], masters: readonly SeenNode[]): Step[] {
  const [source] = members
    .filter((view) => view.role === 'master' && view.self.slots.length > 0 && view.libraries > 0)
    .toSorted((a, b) => b.libraries - a.libraries);
  if (!source) return [];
  return masters
    .filter((view) => view.role === 'master' && view.self.slots.length === 0 && view.libraries === 0)
    .map((view): Step => ({ do: 'copy-functions', node: nodeName(view.node), from: nodeName(source.node) }));
}

/** Dumps are bytes, and restored wholly or not at all. Returns sentences about what went wrong. */
export async function copyFunctions(
  steps: readonly Step[],
  views: ReadonlyMap<string, SeenNode>,
  io: ClusterIo,
): Promise<string[]> {
  const links = new NodeLinks(io, views);
  const copies = steps.filter((step): step is CopyStep => step.do === 'copy-functions');
  try {
    const outcomes = await Promise.all(
      copies.map(async (step) => {
        const error = await copy(step, links);
        return error === undefined ? [] : [`${describeStep(step)}: ${error}`];
      }),
    );
    return outcomes.flat();
  } finally {
    await links.closeAll();
  }
}

async function copy({ node, from }: CopyStep, links: NodeLinks): Promise<string | undefined> {
  try {
    const [dump] = await links.send(from, [['FUNCTION', 'DUMP']]);
    if (typeof dump !== 'string') return `FUNCTION DUMP: ${said(dump)}`;
    const [restored] = await links.send(node, [['FUNCTION', 'RESTORE', dump, 'APPEND']]);
    const error = errorIn(restored);
    // An earlier try whose answer was lost has brought them.
    return error === undefined || /already exists/i.test(error) ? undefined : `FUNCTION RESTORE: ${error}`;
  } catch (error) {
    if (error instanceof StaleError) return error.message;
    throw error;
  }
}
