import type { Result } from '../modules/contract.ts';
import { type Entry, type Handler, type Include, isHandler, type Task, taskOfHandler } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import type { HostState } from './host-state.ts';
import { runInclude } from './includes.ts';
import { renderOr } from './keywords.ts';
import type { PlayRun } from './play-run.ts';
import { runTask } from './task.ts';

const MOST_ROUNDS = 100;

/**
 * The handlers of a play that answer to a name on a host: their own, with or without their role's, or a topic that they listen
 * to. Of equal names the last wins.
 */
export function handlersFor(play: PlayRun, name: string, host: HostState): Task[] {
  const handlers = play.context.handlers.map(taskOfHandler);
  const byName = handlers.findLast((handler) => {
    const own = nameOf(play, handler, host);
    return own === name || (handler.role && `${handler.role.name} : ${own}` === name);
  });
  const byTopic = handlers.filter((handler) => handler.listen.includes(name));
  return byName ? [byName, ...byTopic.filter((handler) => handler !== byName)] : byTopic;
}

/** A handler's name may be a template; one that cannot be rendered answers to its topics only. */
function nameOf(play: PlayRun, handler: Task, host: HostState): string | undefined {
  if (!handler.name?.includes('{{')) return handler.name;
  return String(renderOr(handler.name, host, play, handler, handler.name));
}

/** A changed task notifies its handlers on its host; an unknown name fails the host (a constant one is found at load). */
export function notifyHandlers(play: PlayRun, task: Task, host: HostState, result: Result): void {
  for (const name of notifiedNames(play, task, host, result)) {
    const found = handlersFor(play, name, host);
    for (const handler of found) host.notified.add(handler);
    if (found.length > 0) continue;
    const msg = `The requested handler '${name}' was not found in the play's handlers`;
    host.failure = { task, result: { failed: true, msg } };
    play.run.request.emit({ event: 'warning', host: host.name, message: msg });
  }
}

/** `notify` is rendered per changed item of a loop. */
export function notifiedNames(play: PlayRun, task: Task, host: HostState, result?: Result): Set<string> {
  const scope = play.run.scope(host, play.context, task);
  const items = Array.isArray(result?.results)
    ? result.results.filter((entry) => entry?.changed === true)
    : [undefined];
  const names = new Set<string>();
  for (const item of items) {
    const own = item ? scope.with([[task.loopControl.loopVar, item[task.loopControl.loopVar]]]) : scope;
    for (const name of task.notify) for (const one of [renderValue(name, own)].flat()) names.add(String(one));
  }
  return names;
}

/** Run what was notified, in the order of definition; what handlers notify runs in the same flush. */
export async function flushHandlers(play: PlayRun, among: readonly HostState[] = play.batch): Promise<void> {
  play.run.owed.remind(play, play.context.handlers);
  for (let round = 0; round < MOST_ROUNDS && play.hasNotifications(among); round++) {
    for (const handler of play.context.handlers) {
      if (play.stopReason || play.run.request.signal.aborted) return;
      const task = taskOfHandler(handler);
      const hosts = among.filter((host) => host.notified.has(task) && play.mayRunHandlers(host));
      for (const host of hosts) host.notified.delete(task);
      if (hosts.length === 0) continue;
      const done = await runHandler(play, handler, hosts);
      await play.run.owed.strikeOff(play.context, task, done);
    }
  }
}

const place = { handler: true, rescuable: false };

/** Gives the hosts on which it is done. */
async function runHandler(play: PlayRun, handler: Handler, hosts: readonly HostState[]): Promise<readonly HostState[]> {
  if (handler.kind === 'include') return await runIncluded(play, handler, hosts);
  const outcomes = await runTask(play, handler, hosts, place);
  const done = outcomes.filter(({ status }) => status !== 'failed' && status !== 'unreachable');
  const isOnce = outcomes.length < hosts.length && done.length === outcomes.length;
  return isOnce ? hosts : done.map(({ host }) => host);
}

/** What a handler includes runs at once, all of it, whatever its tags. */
async function runIncluded(play: PlayRun, include: Include, hosts: readonly HostState[]): Promise<HostState[]> {
  const failures = new Map(hosts.map((host) => [host, host.failure]));
  await runInclude(play, include, hosts, place, async (entries: readonly Entry[], including) => {
    for (const entry of entries.filter(isHandler)) {
      if (play.stopReason || play.run.request.signal.aborted) return;
      const able = including.filter((host) => play.mayRunHandlers(host));
      if (able.length > 0) await runHandler(play, entry, able);
    }
  });
  if (play.stopReason || play.run.request.signal.aborted) return [];
  return hosts.filter((host) => !host.unreachable && host.failure === failures.get(host));
}
