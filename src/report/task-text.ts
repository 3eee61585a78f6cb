import { clusterLines } from './cluster-text.ts';
import type { Status } from './contract.ts';
import { type Detail, groupOutcomes, isBad, type OutcomeGroup } from './outcome-text.ts';
import type { Palette } from './palette.ts';
import { sanitizeLine } from './sanitize.ts';
import type { Outcome, TaskRecord } from './task-board.ts';
import { whoText } from './who-text.ts';
import { duration } from './words.ts';

const marks: Record<Status, string> = {
  ok: 'ok     ',
  changed: 'changed',
  skipped: 'skipped',
  failed: 'FAILED ',
  unreachable: 'UNREACHABLE',
  ignored: 'ignored',
  rescued: 'rescued',
};
/** The first that any host has names the line. */
const gravity: readonly Status[] = ['unreachable', 'failed', 'rescued', 'ignored', 'changed', 'ok', 'skipped'];
const widestName = 48;
/** Columns that the mark and the counts take beside the name. */
const besideName = 44;
const mostNames = 12;
/** Faster tasks do not tell their time: it says nothing and makes two runs' logs differ. */
const slowMs = 1000;

export interface TaskDetail extends Detail {
  /** Of the terminal that the lines should fit in. */
  readonly columns: number | undefined;
}

/** A finished task: one line with counts, then, grouped over hosts, what changed and what failed. */
export function taskLines(record: TaskRecord, palette: Palette, detail: TaskDetail): string[] {
  const outcomes = inHostOrder([...record.outcomes.values()], record.hosts);
  const items = inHostOrder(record.items, record.hosts);
  const counts = countStatuses(outcomes.length > 0 ? outcomes : record.items);
  const known = statusesByGravity(counts);
  const [worst = 'ok'] = known;
  const name = sanitizeLine(record.handler ? `handler: ${record.name}` : record.name);
  const tally = known
    .toReversed()
    .map((status) => palette.status(status, `${status} ${counts.get(status)}`))
    .join('  ');
  const nameWidth = Math.min(widestName, Math.max(0, (detail.columns ?? Number.POSITIVE_INFINITY) - besideName));
  const slow = record.durationMs >= slowMs ? palette.dim(`  ${duration(record.durationMs)}`) : '';
  const head = `${palette.status(worst, marks[worst])}  ${name.padEnd(nameWidth)}  ${tally}${slow}`;
  const groups = groupOutcomes(record.module, outcomes, items, detail);
  return [
    head,
    ...groups.flatMap((group) => groupLines(group, record, palette, isBad(worst))),
    ...clusterLines(outcomes).map(indent),
  ];
}

/** Results come as hosts are done; readers look for the inventory's order, and two runs' logs should compare. */
export function inHostOrder(outcomes: readonly Outcome[], hosts: readonly string[]): Outcome[] {
  const rank = new Map(hosts.map((host, index) => [host, index]));
  return [...outcomes].sort((a, b) => (rank.get(a.host) ?? 0) - (rank.get(b.host) ?? 0));
}

function groupLines(group: OutcomeGroup, { hosts }: TaskRecord, palette: Palette, isMixed: boolean): string[] {
  const { status, members, lines } = group;
  if (isBad(status)) {
    const who = whoText(members, [], Number.POSITIVE_INFINITY);
    return [`    ${palette.status(status, status)} ${palette.bold(who)}`, ...lines.map(indentMore)];
  }
  const who = whoText(members, hosts, mostNames);
  if (status === 'ok' && lines.length === 1) return [`    ${palette.dim(`${who}:`)} ${lines[0]}`];
  // The counts have said already that all hosts changed.
  if (lines.length === 0 && who === `all ${hosts.length} hosts`) return [];
  // Beside failures it has to be said whose lines these are.
  const verdict = isMixed ? `${palette.status(status, status)} ` : '';
  return [`    ${verdict}${palette.bold(who)}`, ...lines.map((line) => indentMore(paintDiff(line, palette)))];
}

function paintDiff(line: string, palette: Palette): string {
  if (line.startsWith('+')) return palette.good(line);
  if (line.startsWith('-')) return palette.bad(line);
  return line.startsWith('@@') ? palette.dim(line) : line;
}

export function countStatuses(outcomes: readonly { status: Status }[]): Map<Status, number> {
  const counts = new Map<Status, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** Those that were counted, the worst first. */
export function statusesByGravity(counts: ReadonlyMap<Status, number>): Status[] {
  return gravity.filter((status) => counts.has(status));
}

function indentMore(line: string): string {
  return `      ${line}`;
}

function indent(line: string): string {
  return `    ${line}`;
}
