import type { RunEvent } from './contract.ts';
import { element, htmlPage, table } from './html-page.ts';
import { failureItems, taskElement } from './html-task.ts';
import { shownColumns, verdictOf } from './recap.ts';
import type { TaskRecord } from './task-board.ts';
import { type Warning, warningTexts } from './warning-text.ts';
import { count, duration } from './words.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

/** A task and when its last result came, in milliseconds since 1970. */
export interface ReportedTask {
  readonly record: TaskRecord;
  endedAt: number;
}

export interface ReportedPlay {
  readonly start: EventOf<'play_start'>;
  readonly tasks: readonly ReportedTask[];
}

/** All that a page tells of a run. `cluster`: as the last task that looked at it saw it. */
export interface ReportedRun {
  readonly start: (EventOf<'run_start'> & { readonly time: string }) | undefined;
  readonly plays: readonly ReportedPlay[];
  readonly warnings: readonly Warning[];
  /** In the input, for which nothing was contacted. */
  readonly mistakes: readonly string[];
  readonly cluster: readonly string[];
  readonly end: EventOf<'run_end'>;
}

/** What a reader asks first comes first: the verdict, the hosts, what failed and what is owed, then task by task. */
export function runPage(run: ReportedRun, showDiff: boolean): string {
  const { plays, warnings, mistakes, cluster, end } = run;
  const tasks = plays.flatMap((play) => play.tasks);
  const longest = Math.max(1, ...tasks.map(({ record, endedAt }) => endedAt - record.startedAt));
  return htmlPage(`rcdeploy: ${verdictWord(end)}`, [
    ...headOf(run),
    ...(Object.keys(end.stats).length === 0 ? [] : [element('h2', 'Hosts'), hostTable(end)]),
    ...section('Mistakes', '', items(mistakes)),
    ...section('Failed', '', failureItems(tasks)),
    ...section('Not finished', 'hosts whose plays did not come to their end', items(end.not_finished ?? [])),
    ...section(
      'Owed',
      'handlers that were notified and have not run: the next run of the same does it',
      owedItems(end),
    ),
    ...section('Warnings', '', items(warningTexts(warnings, Object.keys(end.stats)))),
    ...(cluster.length === 0 ? [] : [element('h2', 'Cluster'), element('pre', cluster.join('\n'))]),
    ...plays.filter((play) => play.tasks.length > 0).flatMap((play) => playParts(play, longest, showDiff)),
  ]);
}

function verdictWord(end: ReportedRun['end']): string {
  return end.exit === 0 ? 'all well' : verdictOf(end.exit);
}

function headOf({ start, end }: ReportedRun): string[] {
  const word = verdictWord(end);
  const verdict = `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const colour = end.exit === 0 ? 'ok' : 'failed';
  if (start === undefined) return [element('h1', `${verdict}: nothing was contacted`, colour)];
  const { playbooks, inventory, check, version, time } = start;
  const hosts = Object.values(end.stats);
  const changed = hosts.reduce((sum, one) => sum + one.changed, 0);
  const what = `${count(hosts.length, 'host')}, ${changed} ${check ? 'would change' : 'changed'}, ${duration(end.duration_ms)}`;
  const began = time.replace(/^(.*)T(.*)\.\d+Z$/, '$1 $2 UTC');
  return [
    element('h1', `${verdict}: ${what}`, colour),
    ...(end.message ? [element('p', end.message)] : []),
    ...(check ? [element('p', 'Check mode: nothing was changed.')] : []),
    element('p', `${playbooks.join(' ')} on ${inventory.join(' ')}`),
    element('p', `began ${began}, exit status ${end.exit}, rcdeploy ${version}`, 'dim'),
  ];
}

function hostTable({ stats }: ReportedRun['end']): string {
  const entries = Object.entries(stats);
  const columns = shownColumns(entries);
  const rows = entries.map(([host, numbers]) => [
    { text: host, className: numbers.failed + numbers.unreachable > 0 ? 'failed' : undefined },
    ...columns.map((column) => ({
      text: String(numbers[column]),
      className: numbers[column] === 0 ? 'dim' : column,
    })),
  ]);
  return table(['host', ...columns], rows);
}

function owedItems({ owed }: ReportedRun['end']): string[] {
  return items(owed.map(({ host, handler, playbook }) => `${host}: ${handler} (${playbook})`));
}

function items(lines: readonly string[]): string[] {
  return lines.map((line) => element('li', line));
}

/** `list`: its items as markup. Nothing, where there are none. */
function section(title: string, about: string, list: readonly string[]): string[] {
  if (list.length === 0) return [];
  return [
    element('h2', title),
    ...(about === '' ? [] : [element('p', about, 'dim')]),
    `<ul>\n${list.join('\n')}\n</ul>`,
  ];
}

function playParts({ start, tasks }: ReportedPlay, longest: number, showDiff: boolean): string[] {
  const part = start.batch.length < start.hosts.length ? `${start.batch.length} of ` : '';
  return [
    element('h2', `Play ${start.play}`),
    element('p', `${part}${count(start.hosts.length, 'host')}, ${start.path}`, 'dim'),
    ...tasks.map((task) => taskElement(task, longest, showDiff)),
  ];
}
