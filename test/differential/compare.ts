import type { Aspect, DifferentialCase } from './case.ts';
import type { Recorded, RecordedResult, RecordedTask } from './events.ts';
import { headlines } from './headlines.ts';
import { unequal } from './normalise.ts';

/** What one side left behind. */
export interface Side {
  readonly runs: readonly Recorded[];
  readonly files: Readonly<Record<string, string>>;
}

/** What differs, one line each: `where: Ansible's | ours`. */
export function differencesOf(one: DifferentialCase, ansible: Side, ours: Side): string[] {
  const lines: string[] = [];
  const found = (aspect: Aspect, where: string, theirs: unknown, mine: unknown) => {
    if (one.ignore[aspect] === undefined) lines.push(`${aspect} ${where}: ${shown(theirs)} | ${shown(mine)}`);
  };
  for (const [index, theirs] of ansible.runs.entries()) {
    const mine = ours.runs[index];
    if (!mine) throw new Error('the sides ran a different number of times');
    const nth = ansible.runs.length > 1 ? `run ${index + 1} ` : '';
    if (theirs.exit !== mine.exit) found('exit', `${nth}status`, theirs.exit, mine.exit);
    compareMaps(theirs.recap, mine.recap, recapText, (host, a, b) => found('recap', nth + host, a, b));
    compareTasks(theirs, mine, (aspect, where, a, b) => found(aspect, nth + where, a, b));
    compareText(theirs, mine, (a, b) => found('text', `${nth}line`, a, b));
  }
  compareMaps(ansible.files, ours.files, String, (path, a, b) => found('files', path, a, b));
  return lines;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

function compareMaps<T>(
  theirs: Readonly<Record<string, T>>,
  mine: Readonly<Record<string, T>>,
  text: (value: T) => string,
  found: (key: string, theirs: string, mine: string) => void,
): void {
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [a, b] = [theirs, mine].map((map) => (map[key] === undefined ? 'nothing' : text(map[key])));
    if (a !== b) found(key, a ?? '', b ?? '');
  }
}

function recapText(stats: Readonly<Record<string, number>>): string {
  const names = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'];
  const numbers = names.filter((name) => stats[name]).map((name) => `${name}=${stats[name]}`);
  return numbers.join(' ') || 'nothing';
}

function compareTasks(
  theirs: Recorded,
  mine: Recorded,
  found: (aspect: Aspect, where: string, theirs: unknown, mine: unknown) => void,
): void {
  const [a, b] = [theirs, mine].map(({ plays }) => plays.flatMap(({ play, tasks }) => [`PLAY ${play}`, ...tasks]));
  if (!a || !b) return;
  const titles = (list: typeof a) => list.map((entry) => (typeof entry === 'string' ? entry : titleOf(entry)));
  const [titlesA, titlesB] = [titles(a), titles(b)];
  if (titlesA.join('\n') !== titlesB.join('\n')) {
    const at = titlesA.findIndex((title, index) => title !== titlesB[index]);
    const from = at < 0 ? titlesA.length : at;
    found(
      'tasks',
      'sequence',
      titlesA.slice(from).join(', ') || 'the end',
      titlesB.slice(from).join(', ') || 'the end',
    );
    return;
  }
  for (const [index, task] of a.entries()) {
    const other = b[index];
    if (typeof task !== 'string' && typeof other === 'object') compareResults(task, other, found);
  }
}

function titleOf({ task, handler }: RecordedTask): string {
  return `${handler ? 'HANDLER' : 'TASK'} ${task}`;
}

function compareResults(
  theirs: RecordedTask,
  mine: RecordedTask,
  found: (aspect: Aspect, where: string, theirs: unknown, mine: unknown) => void,
): void {
  const byHost = (results: readonly RecordedResult[]) => Object.fromEntries(results.map((one) => [one.host, one]));
  const [a, b] = [byHost(theirs.results), byHost(mine.results)];
  for (const host of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [one, other] = [a[host], b[host]];
    const where = `${theirs.task} on ${host}`;
    if (one?.status !== other?.status) found('tasks', where, one?.status ?? 'nothing', other?.status ?? 'nothing');
    else if (one && other) for (const [path, x, y] of unequal(one, other)) found('results', `${where} ${path}`, x, y);
  }
}

function compareText(theirs: Recorded, mine: Recorded, found: (theirs: string, mine: string) => void): void {
  const [a, b] = [headlines(theirs.text, theirs.metas), headlines(mine.text, [])];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    if (a[index] === b[index]) continue;
    found(a[index] ?? 'the end', b[index] ?? 'the end');
    return;
  }
}
