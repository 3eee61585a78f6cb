import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/report/contract.ts';
import { JunitRenderer } from '../../src/report/junit.ts';
import { LogRenderer } from '../../src/report/log-file.ts';
import { ProfileRenderer } from '../../src/report/profile.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

function run(
  results: readonly Partial<Extract<RunEvent, { event: 'result' }>>[],
  exit = 0,
): (RunEvent & { time: string })[] {
  const common = { play: 'p', task: 't', module: 'command', path: '/p.yml:1:1' };
  const start: RunEvent = { event: 'task_start', ...common, hosts: ['h1', 'h2'], handler: false, id: '1' };
  const told = results.map(
    (more): RunEvent => ({
      event: 'result',
      ...common,
      id: '1',
      host: 'h1',
      status: 'ok',
      result: {},
      duration_ms: 1500,
      ...more,
    }),
  );
  const end: RunEvent = {
    event: 'run_end',
    exit,
    stats: {},
    owed: [],
    duration_ms: 9000,
    message: exit === 0 ? '' : 'no way',
  };
  return [start, ...told, end].map((event, index) => ({ ...event, time: at(index * 2) }));
}

function junit(events: readonly (RunEvent & { time: string })[]): string {
  let text = '';
  const renderer = new JunitRenderer((written) => {
    text += written;
  });
  for (const event of events) renderer.handle(event);
  return text;
}

test('--junit: a suite for each play, a case for each task and host, loops by their whole', () => {
  const text = junit(
    run([
      { item: 'a' },
      { status: 'changed' },
      { host: 'h2', status: 'failed', result: { msg: 'no "such" <file>\n&', rc: 3, stderr: 'bad\u0000\u001b[31m' } },
      { host: 'h3', status: 'unreachable', result: { msg: 'gone' } },
      { host: 'h4', status: 'skipped' },
    ]),
  );
  expect(text).toContain('<testsuite name="p" tests="4" failures="1" errors="1" skipped="1" time="6.000">');
  expect(text).toContain('<testcase name="[h1] t" classname="/p.yml:1:1" time="1.500"/>');
  expect(text).toContain('<failure message="no &quot;such&quot; &lt;file&gt;&#10;&amp;">');
  expect(text).toContain('<error message="gone"/>');
  expect(text).toContain('<skipped/>');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML forbids is what is looked for.
  expect(text).not.toMatch(/[\u0000-\u0008\u001b]/);
});

test('--junit: a run that ended before its first task is no success', () => {
  const [, end] = run([], 3);
  expect(junit(end ? [end] : [])).toContain('<error message="no way"/>');
});

test('--profile: the slowest tasks first, from start to the last result', () => {
  const lines: string[] = [];
  const renderer = new ProfileRenderer((line) => lines.push(line));
  for (const event of run([{}, { host: 'h2' }])) renderer.handle(event);
  expect(lines).toEqual(['', '9.00 s in all, 4.00 s in 1 tasks; the slowest:', '    4.00 s  t  (2 hosts, /p.yml:1:1)']);
});

test('--log: every line has its time', () => {
  const lines: string[] = [];
  const renderer = new LogRenderer((line) => lines.push(line), {
    showDiff: false,
    verbosity: 1,
    formatDiagnostic: String,
  });
  for (const event of run([{ status: 'failed', result: { msg: 'two\nlines' } }], 2)) renderer.handle(event);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line).toMatch(/^2026-01-01T00:00:\d\d\.000Z/);
  expect(lines.join('\n')).toContain('lines');
});
