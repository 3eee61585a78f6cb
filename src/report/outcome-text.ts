import type { Result } from '../modules/contract.ts';
import { Unknown } from '../template/values.ts';
import type { Status } from './contract.ts';
import { brief, changeLines } from './diff-text.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';
import type { Outcome } from './task-board.ts';

/** Lines of a host's output that are shown; the JSON events hold all of it. */
const mostOutputLines = 30;

/** Hosts and items that came to the very same thing, and what that is. */
export interface OutcomeGroup {
  readonly status: Status;
  /** `h1`, or `h1 (item)`. */
  readonly who: string[];
  readonly lines: readonly string[];
}

/** Groups what deserves more than a count. The verdict of a loop is left out where its items say it better. */
export function groupOutcomes(
  module: string,
  outcomes: readonly Outcome[],
  items: readonly Outcome[],
  showDiff: boolean,
): OutcomeGroup[] {
  const explained = new Set(items.filter(isNoteworthy).map(({ host, status }) => `${host} ${isBad(status)}`));
  const verdicts = outcomes.filter(({ host, status }) => !explained.has(`${host} ${isBad(status)}`));
  const groups = new Map<string, Draft>();
  for (const outcome of [...items, ...verdicts]) {
    const talks = module === 'debug' && outcome.status === 'ok' && !Array.isArray(outcome.result.results);
    if (!isNoteworthy(outcome) && !talks) continue;
    const lines = linesOf(module, outcome, showDiff);
    const alike = lines.map((line) => withoutName(line, outcome.host));
    const key = JSON.stringify([outcome.status, alike]);
    const group = groups.get(key) ?? { status: outcome.status, who: [], lines, alike, same: true };
    group.same &&= group.lines.every((line, index) => line === lines[index]);
    group.who.push(whoOf(outcome));
    groups.set(key, group);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, lines: group.same ? group.lines : group.alike }))
    .sort((a, b) => rank(a.status) - rank(b.status));
}

interface Draft extends OutcomeGroup {
  /** The lines with `<host>` for the host's own name: what differs only by that is shown once. */
  readonly alike: readonly string[];
  same: boolean;
}

function withoutName(line: string, host: string): string {
  if (!line.includes(host)) return line;
  const name = host.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return line.replace(new RegExp(`(?<!\\w)${name}(?!\\w)`, 'g'), '<host>');
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

function whoOf({ host, item, delegatedTo }: Outcome): string {
  const name = delegatedTo === undefined || delegatedTo === host ? host : `${host} -> ${delegatedTo}`;
  return sanitizeLine(item === undefined ? name : `${name} (${item.length > 60 ? `${item.slice(0, 60)}…` : item})`);
}

function linesOf(module: string, outcome: Outcome, showDiff: boolean): string[] {
  if (isBad(outcome.status)) return failureLines(module, outcome);
  if (module === 'debug') return debugLines(outcome.result);
  const steps = outcome.result.steps;
  const diff = showDiff ? outcome.diff.flatMap(changeLines) : [];
  return Array.isArray(steps) ? [...steps.map((step) => brief(step)), ...diff] : diff;
}

/** What went wrong, what the other side said, where the task stands, what to do next. */
function failureLines(module: string, { result, hint, path, status }: Outcome): string[] {
  const { msg, cmd, rc, stdout, stderr } = result;
  const command = Array.isArray(cmd) ? cmd.join(' ') : cmd;
  return [
    ...textLines(msg === undefined || msg === '' ? `the module gave no message (${status})` : msg),
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

function debugLines(result: Result): string[] {
  if (result.msg !== undefined) return textLines(result.msg);
  const shown = Object.entries(result).filter(([key]) => !['changed', 'failed', 'skipped'].includes(key));
  return shown.flatMap(([key, value]) => {
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
