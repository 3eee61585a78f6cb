import type { Result } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import { groupAlike } from './alike.ts';
import type { Status } from './contract.ts';
import { brief, changeLines } from './diff-text.ts';
import { reasonLines } from './reasons-text.ts';
import { isDue, shownEntries, valueLines } from './result-text.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import type { Outcome } from './task-board.ts';

/** Lines of a host's output that are shown; the JSON events hold all of it. */
const mostOutputLines = 30;

/** Hosts and items that came to the very same thing, and what that is. */
export interface OutcomeGroup {
  readonly status: Status;
  readonly members: readonly Outcome[];
  readonly lines: readonly string[];
}

export interface Detail {
  readonly showDiff: boolean;
  /** What changed is named where its diff is not shown. */
  readonly nameChanges?: true;
  /** How many `-v` were given. */
  readonly verbosity: number;
}

/** Groups what deserves more than a count. The verdict of a loop is left out where its items say it better. */
export function groupOutcomes(
  module: string,
  outcomes: readonly Outcome[],
  items: readonly Outcome[],
  detail: Detail,
): OutcomeGroup[] {
  const explained = new Set(items.filter(isNoteworthy).map(({ host, status }) => `${host} ${isBad(status)}`));
  const verdicts = outcomes.filter(({ host, status }) => !explained.has(`${host} ${isBad(status)}`));
  const told = [...items, ...verdicts]
    .filter((outcome) => isNoteworthy(outcome) || isTalk(module, outcome, detail))
    .map((outcome) => ({ subject: outcome, kind: outcome.status, lines: linesOf(module, outcome, detail) }));
  return groupAlike(told)
    .map(({ members, lines, addresses }) => {
      const status = members[0]?.status ?? 'ok';
      // Whoever looks after a failure needs the addresses themselves.
      const legend = isBad(status) && addresses.length > 0 ? [`<address>: ${addresses.join(' ')}`] : [];
      return { status, members, lines: [...lines, ...legend] };
    })
    .sort((a, b) => rank(a.status) - rank(b.status));
}

/** What went well is told when its task is there to tell something, or when asked for with `-v`. */
function isTalk(module: string, { status, result }: Outcome, { verbosity }: Detail): boolean {
  if (Array.isArray(result.results)) return false;
  if (module === 'debug') return status === 'ok' && isDue(result, verbosity);
  return verbosity > 0;
}

const order: readonly Status[] = ['ok', 'changed', 'rescued', 'ignored', 'failed', 'unreachable'];

function rank(status: Status): number {
  return order.indexOf(status);
}

function isNoteworthy({ status }: Outcome): boolean {
  return status !== 'ok' && status !== 'skipped';
}

export function isBad(status: Status): boolean {
  return status !== 'ok' && status !== 'changed' && status !== 'skipped';
}

function linesOf(module: string, outcome: Outcome, { showDiff, nameChanges, verbosity }: Detail): string[] {
  if (isBad(outcome.status)) return failureLines(module, outcome);
  if (module === 'debug') return isDue(outcome.result, verbosity) ? debugLines(outcome.result) : [];
  const steps = outcome.result.steps;
  const named = nameChanges ? outcome.diff.map(({ what }) => sanitizeLine(what)) : [];
  const diff = showDiff || outcome.diffWanted ? outcome.diff.flatMap(changeLines) : named;
  const values = verbosity > 0 ? valueLines(outcome.result, verbosity) : [];
  return [...(Array.isArray(steps) ? steps.map((step) => brief(step)) : []), ...diff, ...values];
}

/** What went wrong, what the other side said, where the task stands, what to do next. */
function failureLines(module: string, { result, hint, path, status }: Outcome): string[] {
  const { msg, cmd, rc, stdout, stderr } = result;
  const command = Array.isArray(cmd) ? cmd.join(' ') : cmd;
  return [
    ...(reasonLines(result) ??
      textLines(msg === undefined || msg === '' ? `the module gave no message (${status})` : msg)),
    ...stepsBefore(result),
    ...(command === undefined || command === '' ? [] : [`command: ${brief(command)}`]),
    ...(rc === undefined ? [] : [`rc: ${brief(rc)}`]),
    ...outputLines('stderr', stderr, msg),
    ...outputLines('stdout', stdout, msg),
    `at ${path} (${module})`,
    ...(hint === undefined
      ? []
      : textLines(hint).map((line, index) => (index === 0 ? `hint: ${line}` : `      ${line}`))),
  ];
}

/** What was done before it failed: that is what the hosts are left with. */
function stepsBefore({ steps }: Result): string[] {
  if (!Array.isArray(steps) || steps.length === 0) return [];
  return ['done before that:', ...steps.map((step) => `  ${brief(step)}`)];
}

function debugLines(result: Result): string[] {
  if (result.msg !== undefined) return textLines(result.msg);
  return shownEntries(result).flatMap(([key, value]) => {
    const [first = '', ...rest] = textLines(value);
    return [`${sanitizeLine(key)}: ${first}`, ...rest];
  });
}

function outputLines(name: string, output: unknown, msg: unknown): string[] {
  if (typeof output !== 'string' || output.trim() === '' || output === msg) return [];
  const lines = sanitize(output.trimEnd()).split('\n');
  const left = lines.length - mostOutputLines;
  const kept = left > 0 ? [`… ${left} lines before`, ...lines.slice(-mostOutputLines)] : lines;
  return [`${name}:`, ...kept.map((line) => `  ${line}`)];
}

function textLines(value: unknown): string[] {
  if (value instanceof Unknown) return [brief(value)];
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return sanitize(text ?? String(value))
    .trimEnd()
    .split('\n');
}
