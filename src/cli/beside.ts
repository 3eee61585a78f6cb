import { closeSync, openSync, writeSync } from 'node:fs';
import { InputError } from '../errors/errors.ts';
import type { RunEvent } from '../report/contract.ts';
import { HtmlRenderer } from '../report/html.ts';
import { JunitRenderer } from '../report/junit.ts';
import { LogRenderer } from '../report/log-file.ts';
import type { Renderer } from '../report/plain.ts';
import { ProfileRenderer } from '../report/profile.ts';
import { formatDiagnostic } from '../source/diagnostics.ts';
import { RunRecorder, runHistory } from './history/recorder.ts';
import type { RunFlags } from './run-options.ts';
import { mask, output } from './terminal.ts';

export interface Beside {
  readonly renderers: readonly Renderer[];
  /** Tells them of an event that the screen is not told of. What they write is masked. */
  readonly handle: (event: RunEvent) => void;
  close(): void;
}

/** What a run is told to beside the screen: `--log`, `--junit`, `--report`, `--profile`, the note for `rcdeploy history`. Files are opened before anything is contacted. */
export function renderersBeside(flags: RunFlags): Beside {
  const renderers: Renderer[] = [];
  const files: number[] = [];
  const showDiff = flags.diff === true || flags.check === true;
  const opened = (option: string, file: string, mode: 'a' | 'w') => {
    const descriptor = open(option, file, mode);
    files.push(descriptor);
    return (text: string) => void writeSync(descriptor, mask.text(text));
  };
  if (flags.log !== undefined) {
    const write = opened('--log', flags.log, 'a');
    const options = { showDiff, verbosity: Math.max(1, flags.verbose), formatDiagnostic };
    renderers.push(new LogRenderer((line) => write(`${line}\n`), options));
  }
  if (flags.junit !== undefined) renderers.push(new JunitRenderer(opened('--junit', flags.junit, 'w')));
  if (flags.report !== undefined) {
    renderers.push(new HtmlRenderer(opened('--report', flags.report, 'w'), { showDiff }));
  }
  // A check writes nothing here either.
  if (flags.check !== true) renderers.push(new RunRecorder(runHistory(), flags.limit));
  if (flags.profile) {
    const toStderr = flags.output === 'json';
    renderers.push(new ProfileRenderer((line) => (toStderr ? output.errorLine(line) : output.line(line))));
  }
  return {
    renderers,
    handle: (event) => {
      for (const one of renderers) one.handle({ ...event, time: new Date().toISOString() });
    },
    close: () => {
      for (const descriptor of files) closeSync(descriptor);
    },
  };
}

/** Readable by their owner only: results may hold what others should not see. */
function open(option: string, file: string, mode: 'a' | 'w'): number {
  try {
    return openSync(file, mode, 0o600);
  } catch (error) {
    const message = `${option}: ${error instanceof Error ? error.message : String(error)}`;
    throw new InputError([
      { severity: 'error', code: 'unwritable-file', message, hint: 'name a file that can be written' },
    ]);
  }
}
