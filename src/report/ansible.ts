import type { Diagnostic } from '../errors/diagnostic.ts';
import { flat, itemText, shownText, skipText } from './ansible-result.ts';
import type { RunEvent, Stats } from './contract.ts';
import { changeLines } from './diff-text.ts';
import type { Renderer } from './plain.ts';
import { isDue } from './result-text.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';

/** Of a headline's stars and text, without the space between them. */
const lineWidth = 79;

export interface AnsibleOptions {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly showDiff: boolean;
  /** How many `-v` were given. */
  readonly verbosity: number;
  readonly formatDiagnostic: (diagnostic: Diagnostic) => string;
}

type ResultEvent = Extract<RunEvent, { event: 'result' }>;

/** ansible-playbook's default text, for pipelines that read it. */
export class AnsibleRenderer implements Renderer {
  readonly #options: AnsibleOptions;
  /** Hosts that showed items of the task at work: their verdict is shown only when it adds something. */
  readonly #withItems = new Set<string>();

  constructor(options: AnsibleOptions) {
    this.#options = options;
  }

  handle(event: RunEvent & { time: string }): void {
    const { out, err, formatDiagnostic } = this.#options;
    switch (event.event) {
      case 'play_start':
        for (const line of ['', banner(`PLAY [${event.play}]`)]) out(line);
        if (event.hosts.length === 0) out('skipping: no hosts matched');
        return;
      case 'no_hosts_left':
        for (const line of ['', banner('NO MORE HOSTS LEFT')]) out(line);
        return;
      case 'task_start':
        this.#withItems.clear();
        for (const line of ['', banner(`${event.handler ? 'RUNNING HANDLER' : 'TASK'} [${event.task}]`)]) out(line);
        return;
      case 'result':
        for (const line of this.#resultLines(event)) out(line);
        return;
      case 'warning':
        err(sanitize(`[WARNING]: ${event.host === undefined ? '' : `${event.host}: `}${event.message}`));
        return;
      case 'diagnostic':
        err(sanitize(formatDiagnostic(event.diagnostic)));
        return;
      case 'run_end':
        for (const line of recap(event.stats)) out(line);
        for (const { host, handler, playbook } of event.owed)
          err(sanitizeLine(`[WARNING]: still owed on ${host}: ${handler} (the next run of ${playbook} does it)`));
        if (event.not_finished?.length) err(sanitizeLine(`[WARNING]: not finished: ${event.not_finished.join(' ')}`));
        if (event.message !== undefined) err(sanitize(`[WARNING]: ${event.message}`));
        return;
      default:
    }
  }

  #resultLines(event: ResultEvent): string[] {
    const { host, item, status, diff = [], delegatedTo } = event;
    const isShown = this.#options.showDiff || event.diff_wanted === true;
    const diffLines = isShown ? diff.flatMap(changeLines) : [];
    const loopVerdict = item === undefined && this.#withItems.has(host);
    if (item !== undefined) this.#withItems.add(host);
    const isCensored = event.result.censored !== undefined;
    if (loopVerdict && !isCensored && status !== 'skipped' && event.result.unreachable !== true) {
      return [...diffLines, ...(status === 'ignored' ? [ignoring] : [])];
    }
    const target = delegatedTo === undefined ? host : `${host} -> ${delegatedTo}`;
    const suffix = item === undefined ? '' : ` => (item=${isCensored ? 'None' : itemText(item, event.result)})`;
    return [...diffLines, ...verdictLines(event, target, suffix, this.#options.verbosity)];
  }
}

const ignoring = '...ignoring';

function verdictLines(event: ResultEvent, target: string, suffix: string, verbosity: number): string[] {
  const { status, result, module, item } = event;
  const head = (word: string, tail = '') => sanitizeLine(`${word}: [${target}]${tail}`);
  switch (status) {
    case 'ok':
    case 'changed': {
      if (module === 'include_role') return [];
      if (module === 'include_tasks') return includedLines(event, suffix);
      if (!isDue(result, verbosity)) return [head(module === 'debug' ? 'skipping' : status, suffix)];
      return [head(status, suffix) + shownText(module, result, verbosity)];
    }
    case 'skipped':
      return [head('skipping', suffix === '' ? '' : `${suffix} `) + (verbosity > 0 ? ` => ${skipText(result)}` : '')];
    default: {
      if (result.unreachable === true && item === undefined) {
        const line = `${head('fatal')}: UNREACHABLE! => ${flat(result)}`;
        return status === 'ignored' ? [line, ignoring] : [line];
      }
      if (item !== undefined) return [`${head('failed', suffix.replace(' =>', ''))} => ${flat(result)}`];
      const line = `${head('fatal')}: FAILED! => ${flat(result)}`;
      return status === 'ignored' ? [line, ignoring] : [line];
    }
  }
}

/** One line for all hosts that include the same, at the first of them. */
function includedLines({ host, included }: ResultEvent, suffix: string): string[] {
  if (included === undefined || included.hosts[0] !== host) return [];
  return [sanitizeLine(`included: ${included.what} for ${included.hosts.join(', ')}${suffix}`)];
}

function recap(stats: Readonly<Record<string, Stats>>): string[] {
  const numbers = (one: Stats) =>
    (['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const)
      .map((name) => `${name}=${String(one[name]).padEnd(4)}`)
      .join(' ');
  const rows = Object.entries(stats)
    .filter(([, one]) => Object.values(one).some((number) => number > 0))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, one]) => `${sanitizeLine(host).padEnd(26)} : ${numbers(one)}`);
  return ['', banner('PLAY RECAP'), ...rows, ''];
}

function banner(text: string): string {
  const head = sanitizeLine(text);
  return `${head} ${'*'.repeat(Math.max(3, lineWidth - head.length))}`;
}
