import type { RunEvent, Stats } from './contract.ts';
import type { Palette } from './palette.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import { count, duration, hostList } from './words.ts';

type RunEnd = Extract<RunEvent, { event: 'run_end' }>;

const columns = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const;
/** Beyond this, hosts with the same numbers share a line. */
const mostSingleHosts = 12;

/** The last lines of a run: numbers per host, who needs attention and why, what is owed, the verdict, and what to do next. */
export function recapLines(end: RunEnd, palette: Palette, check = false): string[] {
  const entries = Object.entries(end.stats);
  const named = (label: string, test: (stats: Stats) => boolean) => {
    const hosts = entries.filter(([, stats]) => test(stats)).map(([host]) => sanitizeLine(host));
    return hosts.length === 0 ? [] : [palette.bad(`  ${label}: ${hosts.join(' ')}`)];
  };
  return [
    '',
    palette.bold('RECAP'),
    ...tableLines(hostColumn(entries), palette),
    ...named('failed', ({ failed }) => failed > 0),
    ...named('unreachable', ({ unreachable }) => unreachable > 0),
    ...notFinishedLines(end, palette),
    ...owedLines(end, palette),
    '',
    verdict(end, entries, palette, check),
    ...nextLines(end, entries),
  ];
}

function notFinishedLines({ not_finished: hosts = [] }: RunEnd, palette: Palette): string[] {
  return hosts.length === 0 ? [] : [palette.bad(`  not finished: ${hosts.map(sanitizeLine).join(' ')}`)];
}

/** Hosts in rows, those that need attention first. */
function tableLines(entries: readonly [string, Stats][], palette: Palette): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  const shown = shownColumns(entries);
  const digits = new Map(
    shown.map((column) => [column, Math.max(...entries.map(([, stats]) => String(stats[column]).length))]),
  );
  const rows = entries.toSorted(([, a], [, b]) => Number(needsAttention(b)) - Number(needsAttention(a)));
  return rows.map(([name, stats]) => {
    const cells = shown.map((column) => {
      const text = `${column} ${String(stats[column]).padStart(digits.get(column) ?? 1)}`;
      if (stats[column] > 0) return palette.status(column, text);
      return column === 'ok' || column === 'changed' ? palette.dim(text) : ' '.repeat(text.length);
    });
    const label = name.padEnd(width);
    return `  ${needsAttention(stats) ? palette.bad(label) : label}  ${cells.join('  ')}`.trimEnd();
  });
}

/** What is zero on every host is left out. */
export function shownColumns(entries: readonly (readonly [string, Stats])[]): (keyof Stats)[] {
  return columns.filter(
    (column) => column === 'ok' || column === 'changed' || entries.some(([, stats]) => stats[column] > 0),
  );
}

function needsAttention({ failed, unreachable }: Stats): boolean {
  return failed + unreachable > 0;
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

/** A run of another playbook has not got the handler, so the one that owes it is named. */
function owedLines(end: RunEnd, palette: Palette): string[] {
  const hostsOf = new Map<string, { handler: string; playbook: string; hosts: string[] }>();
  for (const { host, handler, playbook } of end.owed) {
    const key = JSON.stringify([handler, playbook]);
    const one = hostsOf.get(key) ?? { handler, playbook, hosts: [] };
    one.hosts.push(host);
    hostsOf.set(key, one);
  }
  return [...hostsOf.values()].map(({ handler, playbook, hosts }) =>
    palette.change(
      `  still owed: ${sanitizeLine(`${handler} on ${hosts.join(' ')} (the next run of ${playbook} does it)`)}`,
    ),
  );
}

function verdict(end: RunEnd, entries: readonly [string, Stats][], palette: Palette, check: boolean): string {
  const changed = entries.reduce((sum, [, stats]) => sum + stats.changed, 0);
  const scope = `${count(entries.length, 'host')}, ${changed} ${check ? 'would change' : 'changed'}, ${duration(end.duration_ms)}`;
  const why = reasonOf(end);
  if (end.exit === 0) return `${palette.good('done')}  ${scope}${why}`;
  return `${palette.bad(`${verdictOf(end.exit)} (exit ${end.exit})`)}  ${scope}${why}`;
}

/** The run's own word; what the verdict has said already is not said again. */
function reasonOf({ message, exit }: RunEnd): string {
  if (message === undefined) return '';
  const said = `${reasons[exit]}: `;
  return `: ${sanitize(message.startsWith(said) ? message.slice(said.length) : message)}`;
}

/** What an exit status other than 0 means. */
export function verdictOf(exit: number): string {
  return reasons[exit] ?? 'stopped';
}

const reasons: Readonly<Record<number, string>> = {
  1: 'invalid input',
  2: 'failed',
  3: 'refused: the hosts are not locked',
  4: 'hosts unreachable',
  130: 'interrupted',
};

/** What is to be done after a run that did not end well. A second run does only what is missing, so it is always the way on. */
function nextLines(end: RunEnd, entries: readonly [string, Stats][]): string[] {
  const step = nextSteps[end.exit];
  if (step === undefined) return [];
  const lost = entries.find(([, { unreachable }]) => unreachable > 0)?.[0] ?? 'the host';
  return [`next: ${step(sanitizeLine(lost))}`];
}

const nextSteps: Readonly<Record<number, (host: string) => string>> = {
  2: () => 'mend the above, then run the same command again: what is done stays done',
  3: () => 'run the same command again when the other run has ended, or let it wait with --lock-wait SECONDS',
  4: (host) => `see why ${host} does not answer, then run the same command again: what is done stays done`,
  130: () => 'run the same command again: it goes on from what it finds on the hosts',
};
