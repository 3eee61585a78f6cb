import type { ClusterIo } from '../node/cluster-io.ts';
import type { SeenNode } from '../node/observe.ts';
import type { Step } from './steps.ts';
import { nodeName, queryOf } from './topology.ts';

/** A host that is gone gives no answer at all; who is slower than this to say PING is no better off. */
const PROBE_MS = 1500;
const PROBERS = 2;

/**
 * The cluster may call a node dead that only its bus cannot reach. Before it is forgotten, it is asked itself, from other hosts: what
 * answers is not gone.
 */
export async function stillAnswering(
  steps: readonly Step[],
  seen: readonly SeenNode[],
  io: ClusterIo,
): Promise<string[]> {
  const dead = new Map(
    steps.flatMap((step) =>
      step.do === 'forget-dead' || step.do === 'forget-master' ? [[step.id, step.gone] as const] : [],
    ),
  );
  const found = await Promise.all([...dead].map(async ([id, name]) => await whoAnswers(id, name, seen, io)));
  return found.flat();
}

async function whoAnswers(id: string, name: string, seen: readonly SeenNode[], io: ClusterIo): Promise<string[]> {
  const lines = seen.flatMap((view) => view.others.filter((line) => line.id === id && line.address !== ''));
  const line = lines.find(({ flags }) => !flags.has('noaddr'));
  if (!line) return [];
  const { address, port } = line;
  // A declared node that answers there with an id of its own is what the dead one was replaced by.
  if (seen.some(({ node }) => node.address === address && node.port === port)) return [];
  const answers = await Promise.all(
    seen.slice(0, PROBERS).map(async ({ node }) => {
      const answer = await io.query(queryOf({ ...node, address, at: undefined, port }, [['PING']], PROBE_MS));
      const answered = answer.ok || answer.kind === 'auth' || answer.kind === 'lost';
      return answered ? [`${name} (${address}:${port}) is not gone: it answers ${nodeName(node)}'s host`] : [];
    }),
  );
  return answers.flat().slice(0, 1);
}
