import { hostname } from 'node:os';
import { columnLines } from '../../report/columns.ts';
import { sanitize, sanitizeLine } from '../../report/sanitize.ts';
import { count, duration, hostList } from '../../report/words.ts';
import { isProvenAlive } from '../../state/control-process.ts';
import type { RunRecord } from '../../state/run-history.ts';

const exits: Readonly<Record<number, string>> = {
  0: 'ok',
  2: 'failed',
  3: 'locked',
  4: 'unreachable',
  130: 'interrupted',
};

/** What came of it, in a word. One without an end that does not run here any more was killed; of another machine's nobody knows here. */
export function outcomeOf({ end, holder }: RunRecord): string {
  if (end) return exits[end.exit] ?? `exit ${end.exit}`;
  if (holder.controlHost !== hostname()) return 'unknown';
  return isProvenAlive(holder) ? 'running' : 'killed';
}

/** A line for each run under a head. */
export function historyTable(records: readonly RunRecord[]): string[] {
  const rows = records.map((record) => [record.id, outcomeOf(record), ...numbersOf(record), whatOf(record)]);
  return columnLines([['RUN', 'OUTCOME', 'TOOK', 'HOSTS', 'CHANGED', 'WHAT'], ...rows]);
}

function numbersOf({ end }: RunRecord): string[] {
  if (!end) return ['', '', ''];
  const hosts = Object.values(end.stats);
  const changed = hosts.reduce((sum, numbers) => sum + (numbers.changed ?? 0), 0);
  return [duration(end.duration_ms), String(hosts.length), String(changed)];
}

function whatOf({ playbooks, inventory, limit }: RunRecord): string {
  const limited = limit === undefined ? '' : ` -l ${limit}`;
  return sanitizeLine(`${playbooks.join(' ')} -i ${inventory.join(' -i ')}${limited}`);
}

/** All that is kept of one run. */
export function runText(record: RunRecord): string[] {
  const { holder, end, version, changed, failed } = record;
  const who = `${holder.user} on ${holder.controlHost} (pid ${holder.controlPid}), rcdeploy ${version}`;
  return [
    `${record.id}  ${outcomeOf(record)}${end ? `  ${duration(end.duration_ms)}` : ''}`,
    `  ${whatOf(record)}`,
    `  ${sanitizeLine(who)}, since ${sanitizeLine(holder.since)}`,
    ...(end?.message === undefined ? [] : [`  ${sanitizeLine(end.message)}`]),
    ...section(
      'hosts',
      Object.entries(end?.stats ?? {}).map(([host, numbers]) => `${host}  ${statsText(numbers)}`),
    ),
    ...section(
      `changed by ${count(changed.length, 'task')}`,
      changed.map(({ task, path, hosts }) => `${task}  (${path})  ${hostList(hosts)}`),
    ),
    ...section(
      'failed',
      failed.map(({ host, task, path, message }) => `${host}: ${task} (${path}): ${message}`),
    ),
    ...section(
      'owed',
      (end?.owed ?? []).map(({ host, handler }) => `${host}: ${handler}`),
    ),
    ...section('not finished', end?.not_finished ?? []),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [`  ${title}:`, ...lines.map((line) => `    ${sanitize(line).replaceAll('\n', '\n      ')}`)];
}

function statsText(numbers: Readonly<Record<string, number>>): string {
  const some = Object.entries(numbers).filter(([, number]) => number > 0);
  return some.map(([status, number]) => `${status} ${number}`).join('  ');
}
