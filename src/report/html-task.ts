import { element, text } from './html-page.ts';
import type { ReportedTask } from './html-run.ts';
import { groupOutcomes, isBad, type OutcomeGroup } from './outcome-text.ts';
import type { TaskRecord } from './task-board.ts';
import { countStatuses, inHostOrder, statusesByGravity } from './task-text.ts';
import { whoText } from './who-text.ts';
import { duration } from './words.ts';

/** Times below this are the same for a reader: none. */
const shortestMs = 50;

/** One task: a line to open, and below it what changed and what failed, what is alike on several hosts once. */
export function taskElement({ record, endedAt }: ReportedTask, longestMs: number, showDiff: boolean): string {
  const took = endedAt - record.startedAt;
  const groups = groupsOf(record, showDiff);
  const title = record.handler ? `handler: ${record.name}` : record.name;
  const time = took < shortestMs ? '' : `${barOf(took / longestMs)}${text(duration(took))}`;
  const summary = `${element('b', title)}<span class="counts">${countsOf(record)}</span><span class="time">${time}</span>`;
  const open = groups.some(({ status }) => isBad(status)) ? ' open' : '';
  return [
    `<details id="${anchorOf(record)}"${open}><summary>${summary}</summary>`,
    element('p', `${record.module}, ${record.path}`, 'dim'),
    ...groups.map((group) => groupElement(group, record)),
    '</details>',
  ].join('\n');
}

/** A line for each thing that ended hosts, which leads to its task. */
export function failureItems(tasks: readonly ReportedTask[]): string[] {
  return tasks.flatMap(({ record }) =>
    groupsOf(record, false)
      .filter(({ status }) => status === 'failed' || status === 'unreachable')
      .map(({ members, lines: [first = ''] }) => {
        const who = element('b', whoText(members, record.hosts, Number.POSITIVE_INFINITY));
        return `<li>${who}: <a href="#${anchorOf(record)}">${text(record.name)}</a>: ${text(first)}</li>`;
      }),
  );
}

function groupsOf(record: TaskRecord, showDiff: boolean): OutcomeGroup[] {
  const outcomes = inHostOrder([...record.outcomes.values()], record.hosts);
  const detail = { showDiff, nameChanges: true, verbosity: 0 } as const;
  return groupOutcomes(record.module, outcomes, inHostOrder(record.items, record.hosts), detail);
}

function anchorOf({ id }: TaskRecord): string {
  return text(`task-${id.replaceAll(/[^\w-]/g, '-')}`);
}

function countsOf({ outcomes, items }: TaskRecord): string {
  const counts = countStatuses(outcomes.size > 0 ? [...outcomes.values()] : items);
  const known = statusesByGravity(counts).toReversed();
  return known.map((status) => element('span', `${status} ${counts.get(status)}`, status)).join(' ');
}

function barOf(share: number): string {
  return `<span class="bar"><i style="width:${Math.round(share * 100)}%"></i></span>`;
}

function groupElement({ status, members, lines }: OutcomeGroup, { hosts }: TaskRecord): string {
  const who = whoText(members, isBad(status) ? [] : hosts, Number.POSITIVE_INFINITY);
  const head = `<p class="${status}">${element('b', who)} ${status}</p>`;
  if (lines.length === 0) return head;
  // A failure's lines are its message, whatever they begin with.
  const body = isBad(status) ? text(lines.join('\n')) : lines.map(paintedDiff).join('\n');
  return `${head}\n<pre>${body}</pre>`;
}

function paintedDiff(line: string): string {
  if (/^(\+\+\+|---|@@) /.test(line)) return element('span', line, 'dim');
  if (line.startsWith('+')) return element('ins', line);
  return line.startsWith('-') ? element('del', line) : text(line);
}
