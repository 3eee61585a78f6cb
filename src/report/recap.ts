import type { RunEvent, Stats, Status } from './contract.ts';
import type { Palette } from './palette.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import { count, duration, hostList } from './words.ts';

type RunEnd = Extract<RunEvent, { event: 'run_end' }>;

const columns = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const;
/** Beyond this, hosts with the same numbers share a line. */
const mostSingleHosts = 12;

/** The last lines of a run: numbers per host, who needs attention and why, what is owed, and the verdict. */
export function recapLines(end: RunEnd, palette: Palette): string[] {
  const entries = Object.entries(end.stats);
  const width = Math.max(0, ...hostColumn(entries).map(([name]) => name.length));
  const rows = hostColumn(entries).map(([name, stats]) =>
    `  ${name.padEnd(width)}  ${numbers(stats, palette)}`.trimEnd(),
  );
  const named = (label: string, test: (stats: Stats) => boolean) => {
    const hosts = entries.filter(([, stats]) => test(stats)).map(([host]) => sanitizeLine(host));
    return hosts.length === 0 ? [] : [palette.bad(`  ${label}: ${hosts.join(' ')}`)];
  };
  return [
    '',
    palette.bold('RECAP'),
    ...rows,
    ...named('failed', ({ failed }) => failed > 0),
    ...named('unreachable', ({ unreachable }) => unreachable > 0),
    ...owedLines(end, palette),
    '',
    verdict(end, entries, palette),
  ];
}

function hostColumn(entries: readonly [string, Stats][]): [string, Stats][] {
  if (entries.length <= mostSingleHosts) return entries.map(([host, stats]) => [sanitizeLine(host), stats]);
  const alike = new Map<string, { hosts: string[]; stats: Stats }>();
  for (const [host, stats] of entries) {
    const key = columns.map((column) => stats[column]).join(' ');
    const row = alike.get(key) ?? { hosts: [], stats };
    row.hosts.push(sanitizeLine(host));
    alike.set(key, row);
  }
  return [...alike.values()].map(({ hosts, stats }) => [hostList(hosts, 4), stats]);
}

const statusOfColumn: Record<(typeof columns)[number], Status> = {
  ok: 'ok',
  changed: 'changed',
  unreachable: 'unreachable',
  failed: 'failed',
  skipped: 'skipped',
  rescued: 'rescued',
  ignored: 'ignored',
};

function numbers(stats: Stats, palette: Palette): string {
  return columns
    .map((column) => {
      const text = `${column} ${stats[column]}`.padEnd(column.length + 4);
      const always = column === 'ok' || column === 'changed';
      if (stats[column] === 0) return always ? palette.dim(text) : '';
      return palette.status(statusOfColumn[column], text);
    })
    .join('')
    .trimEnd();
}

function owedLines(end: RunEnd, palette: Palette): string[] {
  const byHandler = new Map<string, string[]>();
  for (const { host, handler } of end.owed) byHandler.set(handler, [...(byHandler.get(handler) ?? []), host]);
  return [...byHandler].map(([handler, hosts]) =>
    palette.change(`  still owed: ${sanitizeLine(handler)} on ${sanitizeLine(hosts.join(' '))} (the next run does it)`),
  );
}

function verdict(end: RunEnd, entries: readonly [string, Stats][], palette: Palette): string {
  const changed = entries.reduce((sum, [, stats]) => sum + stats.changed, 0);
  const scope = `${count(entries.length, 'host')}, ${changed} changed, ${duration(end.duration_ms)}`;
  const why = end.message === undefined ? '' : `: ${sanitize(end.message)}`;
  if (end.exit === 0) return `${palette.good('done')}  ${scope}${why}`;
  return `${palette.bad(`${reasons[end.exit] ?? 'stopped'} (exit ${end.exit})`)}  ${scope}${why}`;
}

const reasons: Readonly<Record<number, string>> = {
  1: 'invalid input',
  2: 'failed',
  3: 'refused: the hosts are not locked',
  4: 'hosts unreachable',
  130: 'interrupted',
};
