import { nodeName } from '../../redis/cluster/topology.ts';
import type { NodeView } from '../../redis/node/observe.ts';
import { describeHop, judgeHop } from '../../redis/versions/hop.ts';
import { nameVersion, type ServerVersion } from '../../redis/versions/server-version.ts';
import type { RedisRollingArgs } from '../generated/redis_rolling.ts';
import { owedReasons } from './owed.ts';
import { isMeant } from './rolling-args.ts';
import type { NodeOnHost, RollingState } from './rolling-state.ts';

/** Why a node is due, and what it will run when it is back (`redis 8.0.2`). */
export interface Due {
  readonly reason: string;
  readonly version: string | undefined;
}

/** What is to be restarted, by `host:port`, and what stands against it. A node that is down is started in any case. */
export function dueNodes(
  state: RollingState,
  args: RedisRollingArgs,
): { readonly due: ReadonlyMap<string, Due>; readonly problems: readonly string[] } {
  const due = new Map<string, Due>();
  const problems: string[] = [];
  for (const view of state.views) {
    const name = nodeName(view.node);
    const onHost = state.onHost.get(name);
    if (!isMeant(args, view.node) || !onHost) continue;
    problems.push(...startProblems(name, view, onHost));
    if (!view.seen) continue;
    const reason = args.when === 'always' ? pendingReason(view.runId, name, state) : reasonOf(view, onHost);
    if (reason === undefined) continue;
    if (losesPassword(onHost))
      problems.push(
        `${name}: its password was set at run time and is not in ${onHost.file}: started anew, it would be open to all and could not follow its master. CONFIG REWRITE on it keeps the password`,
      );
    const installed = installedVersion(onHost, view.flavor);
    due.set(name, { reason, version: installed && nameVersion(installed) });
    if (installed) problems.push(...hopProblems([view], installed));
  }
  return { due, problems };
}

function reasonOf(view: NodeView, { server, config }: NodeOnHost): string | undefined {
  const reasons = owedReasons(server, config, view.seen ? view.flavor : 'redis');
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}

/** Of an operation at work, who still is the process that was there when it began; when none is at work, everyone. */
function pendingReason(runId: string | undefined, name: string, state: RollingState): string | undefined {
  const recorded = recordOf(name, state);
  if (!isAtWork(state)) return 'restart of all nodes';
  if (recorded === undefined || recorded === runId) return 'restart of all nodes, which an earlier run began';
  return undefined;
}

export function recordOf(name: string, state: RollingState): string | undefined {
  const view = state.views.find(({ node }) => nodeName(node) === name);
  return state.records.get(view?.node.host ?? '')?.find(({ port }) => port === view?.node.port)?.runId;
}

/** Some node that shall be restarted still is the old process: an operation was begun and is not over. */
export function isAtWork(state: RollingState): boolean {
  return state.views.some(
    (view) => view.seen && view.runId !== undefined && recordOf(nodeName(view.node), state) === view.runId,
  );
}

/** Without these a stopped node could not be started again. */
function startProblems(name: string, view: NodeView, { server, config, file }: NodeOnHost): string[] {
  const problems: string[] = [];
  if (server.server === undefined) problems.push(`${name}: no server is installed to start it with`);
  if (config.text === undefined)
    problems.push(`${name}: its configuration cannot be read (${config.unreadable ?? 'it is missing'})`);
  if (view.seen && view.configFile !== file)
    problems.push(`${name}: it runs with ${view.configFile ?? 'no configuration file'}, not with ${file}`);
  return problems;
}

/** A password that the process has, and nothing that it is started with. */
function losesPassword({ server, config: { live } }: NodeOnHost): boolean {
  if (live === 'down' || 'unknown' in live || !live.config?.get('requirepass')) return false;
  return !server.passwordKept;
}

/** The server that the node's next start brings; undefined where the build says nothing of itself. */
function installedVersion({ config }: NodeOnHost, flavor: ServerVersion['flavor']): ServerVersion | undefined {
  return config.version === undefined ? undefined : { flavor: config.flavor ?? flavor, version: config.version };
}

/** Ways that must not be gone node by node, each named once. */
export function hopProblems(views: readonly NodeView[], to: ServerVersion): string[] {
  const told = new Set<string>();
  for (const view of views) {
    if (!view.seen) continue;
    const hop = judgeHop(view, to, view.keys > 0);
    if (!hop.safe) told.add(describeHop(view, to, hop));
  }
  return [...told];
}
