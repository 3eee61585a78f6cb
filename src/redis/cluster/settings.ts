import { parseDirective } from '../conf/directive-line.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import { DEFAULT_NODE_TIMEOUT_MS, type SeenNode } from '../node/observe.ts';
import { TEMPORARY_NODE_TIMEOUT_MS } from './steps.ts';

export interface Pace {
  readonly nodeTimeoutMs: number;
  /** Undefined where it is not known: then it was not touched either. */
  readonly disklessDelay: number | undefined;
}

/** What a Redis server has when nothing sets it (redis.conf of 4.0 to 8.x). */
const SERVER_DEFAULTS = { nodeTimeoutMs: DEFAULT_NODE_TIMEOUT_MS, disklessDelay: 5 };
const DIRECTIVES = ['cluster-node-timeout', 'repl-diskless-sync-delay'] as const;

/** The commands that make a forming node gossip fast; the timeout last, since it marks the delay as temporary too. */
export const HASTEN: readonly string[][] = [
  ['CONFIG', 'SET', 'cluster-node-timeout', String(TEMPORARY_NODE_TIMEOUT_MS)],
  ['CONFIG', 'SET', 'repl-diskless-sync-delay', '0'],
];

/** The timeout last: as long as it is the temporary one, a later run knows that the delay has to be restored too. */
export function paceCommands(pace: Pace): string[][] {
  const delay =
    pace.disklessDelay === undefined ? [] : [['CONFIG', 'SET', 'repl-diskless-sync-delay', String(pace.disklessDelay)]];
  return [...delay, ['CONFIG', 'SET', 'cluster-node-timeout', String(pace.nodeTimeoutMs)]];
}

/** What a node has when nothing is temporary: as seen now, or, after an interrupted run, what its config file says. */
export async function lastingPace(view: SeenNode, io: ClusterIo): Promise<Pace> {
  if (view.nodeTimeoutMs !== TEMPORARY_NODE_TIMEOUT_MS) {
    return {
      nodeTimeoutMs: view.nodeTimeoutMs ?? SERVER_DEFAULTS.nodeTimeoutMs,
      disklessDelay: view.disklessDelay,
    };
  }
  if (view.configFile === undefined) return SERVER_DEFAULTS;
  const lines = await io.settingsInFile(view.node.host, view.configFile, DIRECTIVES);
  const value = (directive: string, fallback: number): number => parseDirective(lines ?? '', directive) ?? fallback;
  return {
    nodeTimeoutMs: value('cluster-node-timeout', SERVER_DEFAULTS.nodeTimeoutMs),
    disklessDelay: value('repl-diskless-sync-delay', SERVER_DEFAULTS.disklessDelay),
  };
}
