import { PassThrough } from 'node:stream';
import type { RunEvent, Stats } from '../../src/report/contract.ts';
import { Mask } from '../../src/report/mask.ts';
import { Output } from '../../src/report/output.ts';
import { createReporter, type OutputKind } from '../../src/report/reporter.ts';

export const stats = (some: Partial<Stats>): Stats => ({
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  ...some,
});

type Result = Extract<RunEvent, { event: 'result' }>;

export const start = (id: string, hosts: string[], task = `task ${id}`, module = 'command'): RunEvent => ({
  event: 'task_start',
  play: 'p',
  task,
  module,
  path: 'site.yml:3:5',
  hosts,
  handler: false,
  id,
});

export const result = (id: string, host: string, more: Partial<Result> = {}): RunEvent => ({
  event: 'result',
  play: 'p',
  task: `task ${id}`,
  module: 'command',
  path: 'site.yml:3:5',
  id,
  host,
  status: 'ok',
  result: {},
  duration_ms: 5,
  ...more,
});

export const end = (more: Partial<Extract<RunEvent, { event: 'run_end' }>> = {}): RunEvent => ({
  event: 'run_end',
  exit: 0,
  stats: {},
  owed: [],
  duration_ms: 1234,
  ...more,
});

/** What a reporter writes for these events. */
export async function report(
  kind: OutputKind,
  events: readonly (RunEvent & { time?: string })[],
  secrets: string[] = [],
  verbosity = 0,
) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = { out: '', err: '' };
  stdout.on('data', (chunk) => {
    texts.out += chunk;
  });
  stderr.on('data', (chunk) => {
    texts.err += chunk;
  });
  const mask = new Mask();
  for (const secret of secrets) mask.add(secret);
  const output = new Output({ stdout, stderr }, mask);
  const formatDiagnostic = ({ message }: { message: string }) => message;
  const reporter = await createReporter(kind, {
    output,
    mask,
    colour: false,
    showDiff: true,
    verbosity,
    formatDiagnostic,
  });
  for (const event of events) reporter.emit({ time: '2026-01-01T00:00:00.000Z', ...event });
  await reporter.finish();
  return texts;
}
