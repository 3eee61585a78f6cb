import { allNodes, type DeclaredCluster, type DeclaredNode } from '../cluster/topology.ts';
import type { NodeAccess, NodeAnswer, NodeLink, NodeQuery } from './contract.ts';
import { type NodeView, observation, viewOf } from './observe.ts';

/** What forming needs of the outside. Everything may throw UnreachableError or InterruptedError. */
export interface ClusterIo {
  query(query: NodeQuery): Promise<NodeAnswer>;
  /** A connection that is kept, for many commands to one node. Throws a NodeError when the node cannot be reached. */
  link(node: DeclaredNode, encoding?: NodeAccess['encoding']): Promise<NodeLink>;
  sleep(ms: number): Promise<void>;
  progress(text: string): void;
  /** Lines of a config file on an inventory host that set one of these directives; undefined when it cannot be read. */
  settingsInFile(host: string, file: string, directives: readonly string[]): Promise<string | undefined>;
  now(): number;
}

/** All nodes, also those that leave, through their own eyes, at once. Looking has no effect, so a cut connection is simply tried again. */
export async function observeAll(cluster: DeclaredCluster, io: ClusterIo): Promise<NodeView[]> {
  return await Promise.all(
    allNodes(cluster).map(async (node) => {
      const answer = await io.query(observation(node));
      const cut = !answer.ok && answer.kind === 'lost';
      return viewOf(node, cut ? await io.query(observation(node)) : answer);
    }),
  );
}
