import { clusterLines } from './cluster-text.ts';
import type { RunEvent } from './contract.ts';
import { changeLines } from './diff-text.ts';
import { element, htmlPage, table, text } from './html-page.ts';
import type { Renderer } from './plain.ts';
import { valueLines } from './result-text.ts';
import { count, duration } from './words.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;
type ResultEvent = EventOf<'result'>;

interface ReportedTask {
  readonly start: EventOf<'task_start'>;
  readonly began: number;
  ended: number;
  readonly results: ResultEvent[];
}

const columns = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const;
/** What a reader looks for: told whole, and open from the beginning. */
const troubles = ['failed', 'unreachable', 'ignored', 'rescued'];

/** `--report`: a run as one page that needs nothing else: plays, tasks, hosts, times, changes and the cluster. */
export class HtmlRenderer implements Renderer {
  readonly #write: (text: string) => void;
  readonly #showDiff: boolean;
  readonly #plays: { readonly start: EventOf<'play_start'>; readonly tasks: ReportedTask[] }[] = [];
  readonly #tasks = new Map<string, ReportedTask>();
  readonly #warnings: string[] = [];
  #start: (EventOf<'run_start'> & { time: string }) | undefined;
  #cluster: string[] = [];

  constructor(write: (text: string) => void, { showDiff }: { readonly showDiff: boolean }) {
    this.#write = write;
    this.#showDiff = showDiff;
  }

  handle(event: RunEvent & { time: string }): void {
    if (event.event === 'run_start') this.#start = event;
    if (event.event === 'play_start') this.#plays.push({ start: event, tasks: [] });
    if (event.event === 'task_start') this.#begin(event, Date.parse(event.time));
    if (event.event === 'result') this.#note(event, Date.parse(event.time));
    if (event.event === 'warning') this.#warnings.push(`${event.host ? `${event.host}: ` : ''}${event.message}`);
    if (event.event === 'diagnostic') this.#warnings.push(event.diagnostic.message);
    if (event.event === 'run_end') this.#write(this.#document(event));
  }

  #begin(start: EventOf<'task_start'>, began: number): void {
    const known = this.#tasks.get(start.id);
    const task = known ?? { start, began, ended: began, results: [] };
    this.#tasks.set(start.id, task);
    if (known === undefined) this.#plays.at(-1)?.tasks.push(task);
  }

  #note(event: ResultEvent, at: number): void {
    const task = this.#tasks.get(event.id);
    if (task === undefined) return;
    task.ended = Math.max(task.ended, at);
    if (event.item !== undefined && !troubles.includes(event.status)) return;
    task.results.push(event);
    const lines = clusterLines([event]);
    if (lines.length > 0) this.#cluster = lines;
  }

  #document(end: EventOf<'run_end'>): string {
    const longest = Math.max(1, ...[...this.#tasks.values()].map(({ began, ended }) => ended - began));
    const plays = this.#plays.filter(({ tasks }) => tasks.length > 0);
    return htmlPage(`rcdeploy: ${end.exit === 0 ? 'all well' : `exit status ${end.exit}`}`, [
      this.#head(end),
      element('h2', 'Hosts'),
      hostTable(end),
      ...listOf(
        'Owed',
        'handlers that were notified and have not run',
        end.owed.map((one) => `${one.host}: ${one.handler}`),
      ),
      ...listOf('Not finished', 'hosts whose plays did not come to their end', end.not_finished ?? []),
      ...listOf('Warnings', '', [...new Set(this.#warnings)]),
      ...(this.#cluster.length > 0 ? [element('h2', 'Cluster'), element('pre', this.#cluster.join('\n'))] : []),
      ...plays.flatMap(({ start, tasks }) => [
        element('h2', `Play ${start.play}`),
        element('p', `${count(start.batch.length, 'host')}, ${start.path}`, 'dim'),
        ...tasks.map((task) => this.#task(task, longest)),
      ]),
    ]);
  }

  #head(end: EventOf<'run_end'>): string {
    const { playbooks = [], inventory = [], check = false, version = '', time = '' } = this.#start ?? {};
    const hosts = Object.values(end.stats);
    const changed = hosts.reduce((sum, one) => sum + one.changed, 0);
    const verdict = end.exit === 0 ? 'All well' : `Exit status ${end.exit}`;
    const what = `${count(hosts.length, 'host')}, ${changed} ${check ? 'would change' : 'changed'}, ${duration(end.duration_ms)}`;
    return [
      element('h1', `${verdict}: ${what}`, end.exit === 0 ? 'ok' : 'failed'),
      ...(end.message ? [element('p', end.message)] : []),
      element('p', `${check ? 'Check of' : ''} ${playbooks.join(' ')} on ${inventory.join(' ')}`.trim()),
      element('p', `began ${time}, rcdeploy ${version}`, 'dim'),
    ].join('\n');
  }

  #task({ start, began, ended, results }: ReportedTask, longest: number): string {
    const took = ended - began;
    const counts = columns.flatMap((status) => {
      const number = results.filter((one) => one.status === status && one.item === undefined).length;
      return number === 0 ? [] : [`<span class="${status}">${status} ${number}</span>`];
    });
    const title = `${start.handler ? 'handler ' : ''}${start.task}`;
    const bar = `<span class="bar"><i style="width:${Math.round((took / longest) * 100)}%"></i></span>`;
    const summary = `<summary><b>${text(title)}</b> ${counts.join(' ')} ${bar} ${text(duration(took))}</summary>`;
    const told = results.filter(({ status }) => status !== 'ok' && status !== 'skipped');
    const open = told.some(({ status }) => troubles.includes(status)) ? ' open' : '';
    const lines = [element('p', `${start.module}, ${start.path}`, 'dim'), ...told.map((one) => this.#result(one))];
    return `<details${open}>${summary}\n${lines.join('\n')}\n</details>`;
  }

  #result({ host, item, status, result, diff = [], diff_wanted, duration_ms, hint }: ResultEvent): string {
    const named = item === undefined ? host : `${host} (${item})`;
    const shown = this.#showDiff || diff_wanted === true;
    const changes = shown ? diff.flatMap(changeLines) : diff.map(({ what }) => what);
    const said = troubles.includes(status) ? valueLines(result, 0) : [];
    const body = [...changes, ...said, ...(hint === undefined ? [] : [`hint: ${hint}`])].join('\n');
    const head = element('p', `${named}: ${status}, ${duration(duration_ms)}`, status);
    return body === '' ? head : `${head}\n${element('pre', body)}`;
  }
}

function hostTable({ stats }: EventOf<'run_end'>): string {
  const rows = Object.entries(stats).map(([host, numbers]) => ({
    cells: [host, ...columns.map((column) => String(numbers[column]))],
    className: numbers.failed + numbers.unreachable > 0 ? 'failed' : undefined,
  }));
  return table(['host', ...columns], rows);
}

function listOf(title: string, about: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const items = lines.map((line) => element('li', line)).join('\n');
  return [element('h2', title), ...(about === '' ? [] : [element('p', about, 'dim')]), `<ul>\n${items}\n</ul>`];
}
