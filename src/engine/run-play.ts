import { dirname } from 'node:path';
import { formatSpan } from '../errors/diagnostic.ts';
import { selectHosts } from '../inventory/patterns.ts';
import type { Play, Playbook, Task } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import { groupHosts } from './batch-by.ts';
import { splitIntoBatches } from './batches.ts';
import { toBoolean } from './coerce.ts';
import { runEntries } from './entries.ts';
import { gatherFacts } from './gather-facts.ts';
import { flushHandlers } from './handlers.ts';
import { HostState } from './host-state.ts';
import { PlayRun } from './play-run.ts';
import { failureResult } from './prepare.ts';
import { readAhead } from './read-ahead.ts';
import type { PlayContext, Run } from './run-state.ts';
import type { HostScope } from './scope.ts';
import { isSelected } from './tags.ts';
import { allOrFirstError, runTask } from './task.ts';

/** Run one play: facts of all its hosts, then batch by batch. Returns why the playbook ends here, if it does. */
export async function runPlay(run: Run, playbook: Playbook, play: Play): Promise<string | undefined> {
  const declared = run.inventory;
  const pattern = renderPattern(run, playbook, play);
  const all = selectHosts(declared, pattern);
  const limited = run.request.limit ? new Set(selectHosts(declared, run.request.limit)) : undefined;
  const names = limited ? all.filter((name) => limited.has(name)) : all;
  const hosts = names.map((name) => run.host(name));
  for (const host of hosts) startPlayOn(host);
  const title = renderTitle(run, playbook, play) ?? pattern;
  const living = ordered(names, play.order)
    .map((name) => run.host(name))
    .filter((host) => host.isActive);
  const context: PlayContext = {
    ...contextOf(run, playbook, play),
    title,
    hostsAll: names,
    living,
    active: () => hosts.filter((host) => host.isActive).map(({ name }) => name),
  };
  const emitStart = (batch: readonly HostState[]) =>
    run.request.emit({
      event: 'play_start',
      play: title,
      hosts: names,
      path: formatSpan(play.span),
      batch: batch.map(({ name }) => name),
    });
  if (living.length === 0) {
    emitStart([]);
    const hint = 'see the hosts and groups with `rcdeploy inventory --graph`';
    const path = formatSpan(play.span);
    run.request.emit({ event: 'warning', message: `play '${title}': no hosts matched`, path, hint });
    return undefined;
  }

  const facts = factTasks(run, context, living);
  const batches = batchesOf(run, context, living);
  for (const [index, batch] of batches.entries()) {
    const own: PlayContext = { ...context, batch: batch.map(({ name }) => name) };
    const batchRun = new PlayRun(run, own, title, batch, batches.length === 1 ? facts : []);
    emitStart(batch);
    if (index === 0)
      await begin(batches.length === 1 ? batchRun : new PlayRun(run, context, title, living, facts), facts);
    const reason = await runBatch(batchRun);
    if (reason !== undefined) return reason;
    if (run.request.signal.aborted) return undefined;
    for (const host of batch) if (host.isActive || host.ended) host.isPending = false;
    if (context.ending.whole) {
      for (const host of living) host.isPending = false;
      break;
    }
  }
  return undefined;
}

/** The lock of another run and owed handlers are read with the first facts; facts of all hosts come before the first batch. */
async function begin(play: PlayRun, facts: readonly Task[]): Promise<void> {
  const [first] = play.path.flatMap((step) => (step.kind === 'task' ? [step.task] : []));
  if (first && play.run.request.fuse) {
    await play.run.owed.reach(play);
    await Promise.all(play.active().map((host) => readAhead(play, first, host)));
  }
  await play.run.owed.lookAt(play);
  for (const task of facts) await runTask(play, task, play.active(), { handler: false, rescuable: false });
}

/** The play's fact gathering as tasks: one or none. */
function factTasks(run: Run, context: PlayContext, hosts: readonly HostState[]): Task[] {
  const { play } = context;
  const [first] = hosts;
  const wanted =
    play.gatherFacts === undefined || (first && toBoolean(renderValue(play.gatherFacts, run.scope(first, context))));
  const tags = play.tags.length > 0 ? play.tags : ['always'];
  return wanted && isSelected(tags, run.request.tags, run.request.skipTags) ? [gatherFacts(play)] : [];
}

async function runBatch(play: PlayRun): Promise<string | undefined> {
  const groups = play.isFree ? play.batch.map((host) => [host]) : [play.batch];
  await allOrFirstError(groups.map((hosts) => runSections(play, hosts)));
  if (play.stopReason) return play.stopReason;
  const lost = play.batch.every((host) => host.failure || host.unreachable);
  if (!lost || play.batch.length === 0) return undefined;
  return play.endedBy ?? 'no hosts left: every host of the batch failed or was unreachable';
}

/** With the free strategy each host goes through all sections by itself. */
async function runSections(play: PlayRun, hosts: readonly HostState[]): Promise<void> {
  const { preTasks, tasks, postTasks } = play.context.play;
  for (const section of [preTasks, tasks, postTasks]) {
    // Nothing can be notified in an empty section; what an earlier run owes waits for the tasks that it belongs to.
    if (section.length === 0) continue;
    await runEntries(play, section, hosts);
    if (!play.run.request.signal.aborted && !play.stopReason) await flushHandlers(play, hosts);
  }
}

function startPlayOn(host: HostState): void {
  host.ended = false;
  host.wasInPlay = true;
  host.isPending = true;
  host.notified.clear();
  host.rolesBegun.clear();
  host.rolesDone.clear();
}

/** The hosts of a play as declared, whatever `--limit` says. */
export function hostsOf(run: Run, playbook: Playbook, play: Play): string[] {
  return selectHosts(run.inventory, renderPattern(run, playbook, play));
}

function renderPattern(run: Run, playbook: Playbook, play: Play): string {
  const value = renderValue(play.hosts, scopeOfNobody(run, playbook, play));
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** A name whose template cannot be rendered without a host is shown as it stands. */
function renderTitle(run: Run, playbook: Playbook, play: Play): string | undefined {
  if (play.name === undefined) return undefined;
  try {
    return String(renderValue(play.name, scopeOfNobody(run, playbook, play)));
  } catch (error) {
    failureResult(error);
    return play.name;
  }
}

/** What a play's own keywords see before there are hosts: its variables and those of the command line. */
function scopeOfNobody(run: Run, playbook: Playbook, play: Play): HostScope {
  return run.scope(new HostState('localhost'), contextOf(run, playbook, play));
}

/** A play before anything is known of its hosts. */
export function contextOf(run: Run, playbook: Playbook, play: Play): PlayContext {
  const names = new Set(play.prompts.map(({ name }) => name));
  const answers = Object.entries(run.request.answers?.vars ?? {}).filter(([name]) => names.has(name));
  return {
    play,
    title: play.name ?? '',
    playbookDir: dirname(play.span.file),
    playbookFile: playbook.file,
    hostsAll: [],
    batch: [],
    active: () => [],
    handlers: [...play.handlers],
    exposed: { defaults: [...play.exposed.defaults], vars: [...play.exposed.vars] },
    answers: { origin: 'vars_prompt', vars: Object.fromEntries(answers), isData: true },
    living: [],
    doneOnce: new Set(),
    ending: { whole: false },
  };
}

function ordered(names: readonly string[], order: Play['order']): string[] {
  switch (order) {
    case 'sorted':
      return [...names].sort();
    case 'reverse_sorted':
      return [...names].sort().reverse();
    case 'reverse_inventory':
      return [...names].reverse();
    case 'shuffle':
      return names
        .map((name) => ({ name, at: Math.random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ name }) => name);
    case 'inventory':
      return [...names];
  }
}

/** `serial` cuts each of the groups that `batch_by` makes; without both, all hosts are one batch. */
function batchesOf(run: Run, context: PlayContext, hosts: readonly HostState[]): HostState[][] {
  const sizes = serialOf(run, context, hosts);
  const groups = groupHosts(context.play, hosts, (host, name) => run.scope(host, context).lookup(name));
  return groups.flatMap((group) => splitIntoBatches(group, sizes));
}

function serialOf(run: Run, context: PlayContext, hosts: readonly HostState[]): (number | string)[] {
  const [first] = hosts;
  if (!first) return [];
  const sizes = context.play.serial.map((raw) => renderValue(raw, run.scope(first, context)));
  return sizes.flat().map((size) => (typeof size === 'number' ? size : String(size)));
}
