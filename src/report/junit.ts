import type { RunEvent, Status } from './contract.ts';
import type { Renderer } from './plain.ts';
import { sanitize } from './sanitize.ts';
import { diagnosticText } from './warning-text.ts';

type ResultEvent = Extract<RunEvent, { event: 'result' }>;

/** A run as CI servers read test results: a suite for each play, a case for each task on each host. */
export class JunitRenderer implements Renderer {
  readonly #suites = new Map<string, ResultEvent[]>();
  readonly #mistakes: string[] = [];
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  handle(event: RunEvent & { time: string }): void {
    if (event.event === 'result' && event.item === undefined) {
      const suite = this.#suites.get(event.play) ?? [];
      this.#suites.set(event.play, [...suite, event]);
    }
    if (event.event === 'diagnostic' && event.diagnostic.severity === 'error')
      this.#mistakes.push(diagnosticText(event.diagnostic));
    if (event.event === 'run_end') this.#write(this.#document(event));
  }

  #document(end: Extract<RunEvent, { event: 'run_end' }>): string {
    const suites = [...this.#suites].map(([name, results]) => suiteText(name, results));
    // A run that never came to its tasks must not look like one that passed.
    if (end.exit !== 0 && this.#suites.size === 0)
      suites.push(stoppedText(end.message ?? `exit status ${end.exit}`, this.#mistakes));
    return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
  }
}

function suiteText(name: string, results: readonly ResultEvent[]): string {
  const count = (...wanted: Status[]) => results.filter(({ status }) => wanted.includes(status)).length;
  const seconds = results.reduce((sum, { duration_ms }) => sum + duration_ms, 0) / 1000;
  const head = `  <testsuite name="${attribute(name)}" tests="${results.length}" failures="${count('failed')}" errors="${count('unreachable')}" skipped="${count('skipped')}" time="${seconds.toFixed(3)}">`;
  return [head, ...results.map(caseText), '  </testsuite>'].join('\n');
}

function caseText({ host, task, path, status, result, duration_ms }: ResultEvent): string {
  const names = `name="${attribute(`[${host}] ${task}`)}" classname="${attribute(path)}"`;
  const head = `    <testcase ${names} time="${(duration_ms / 1000).toFixed(3)}"`;
  const message = attribute(String(result.msg ?? ''));
  const inner = {
    failed: `<failure message="${message}">${element(detailOf(result))}</failure>`,
    unreachable: `<error message="${message}"/>`,
    skipped: '<skipped/>',
  };
  const body = status in inner ? inner[status as keyof typeof inner] : undefined;
  return body === undefined ? `${head}/>` : `${head}>${body}</testcase>`;
}

function stoppedText(message: string, mistakes: readonly string[]): string {
  const head = '  <testsuite name="rcdeploy" tests="1" failures="0" errors="1" skipped="0" time="0">';
  const error = `<error message="${attribute(message)}"`;
  const body = mistakes.length === 0 ? `${error}/>` : `${error}>${element(mistakes.join('\n'))}</error>`;
  return `${head}\n    <testcase name="run">${body}</testcase>\n  </testsuite>`;
}

function detailOf({ msg, stdout, stderr, rc }: ResultEvent['result']): string {
  const parts = [msg, rc === undefined ? undefined : `rc: ${rc}`, stdout, stderr];
  return parts.filter((part) => part !== undefined && part !== '').join('\n');
}

/** Text of hosts is data: no markup, and no character that XML forbids. */
function element(text: string): string {
  const legal = Array.from(sanitize(text), (character) => (isLegal(character) ? character : '\ufffd')).join('');
  return legal.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** XML 1.0: no control characters but tab and line ends, no halves of pairs, none of the two that are no characters. */
function isLegal(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

function attribute(text: string): string {
  return element(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
