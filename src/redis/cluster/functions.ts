import type { ClusterIo } from '../node/cluster-io.ts';
import { type SeenNode, said } from '../node/observe.ts';
import { errorIn } from '../node/resp.ts';
import { NodeLinks, StaleError } from '../slots/node-links.ts';
import { describeStep, type Step } from './steps.ts';
import { nodeName } from './topology.ts';

type CopyStep = Extract<Step, { do: 'copy-functions' }>;

/**
 * Masters that own no slots yet get the FUNCTIONs of one that does: libraries are no keys, so that no slot brings them along, and clients
 * would be told that there are none. They come before all that leads to slots, so that whoever owns some has them, also when the run
 * is killed. Replicas have them from their masters.
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
    const restore = ['FUNCTION', 'RESTORE', dump, 'APPEND'];
    const [restored] = await links.send(node, [restore]);
    const refusal = errorIn(restored);
    const error = refusal?.startsWith('NOREPLICAS') ? await restoreAlone(node, restore, links) : refusal;
    // An earlier try whose answer was lost has brought them.
    return error === undefined || /already exists/i.test(error) ? undefined : `FUNCTION RESTORE: ${error}`;
  } catch (error) {
    if (error instanceof StaleError) return error.message;
    throw error;
  }
}

/** The node owns nothing yet that replicas could keep; one that is killed in between has its declared value from the next run. */
async function restoreAlone(node: string, restore: readonly string[], links: NodeLinks): Promise<string | undefined> {
  const setting = 'min-replicas-to-write';
  const [found] = await links.send(node, [['CONFIG', 'GET', setting]]);
  const value = Array.isArray(found) ? found[1] : undefined;
  if (typeof value !== 'string') return `CONFIG GET ${setting}: ${said(found)}`;
  const set = (to: string) => ['CONFIG', 'SET', setting, to];
  const replies = await links.send(node, [set('0'), restore, set(value)]);
  return replies.map(errorIn).find((error) => error !== undefined);
}
