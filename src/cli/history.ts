import { Command, Option } from 'commander';
import { InputError } from '../errors/errors.ts';
import { terminalSafeJson } from '../report/sanitize.ts';
import type { RunRecord } from '../state/run-history.ts';
import { runHistory } from './history/recorder.ts';
import { historyTable, outcomeOf, runText } from './history/text.ts';
import { positive } from './option-values.ts';
import { output } from './terminal.ts';

interface Flags {
  readonly last: number;
  readonly output: 'plain' | 'json';
}

/** `rcdeploy history [RUN]`: what was run from here, and what came of it. */
export function historyCommand(): Command {
  return new Command('history')
    .description('list the runs that you began on this machine, or tell all that is known of one; checks are not kept')
    .argument('[run]', 'the run, by its id or how that begins')
    .addOption(new Option('-n, --last <runs>', 'so many of the last runs').argParser(positive).default(20))
    .addOption(new Option('--output <form>', 'what to write').choices(['plain', 'json']).default('plain'))
    .action((id: string | undefined, flags: Flags) => (id === undefined ? list(flags) : tell(id, flags)));
}

function list({ last, output: form }: Flags): void {
  const records = runHistory().last(last);
  if (form === 'json') writeJson(records);
  else if (records.length === 0) output.line('no runs are noted for this user on this machine');
  else for (const line of historyTable(records)) output.line(line);
}

function tell(id: string, { output: form }: Flags): void {
  const record = runHistory().find(id);
  if (record === undefined) {
    const hint = 'see the ids with `rcdeploy history`';
    const message = `no run, or more than one, is called '${id}'`;
    throw new InputError([{ severity: 'error', code: 'no-run', message, hint }]);
  }
  if (form === 'json') writeJson([record]);
  else for (const line of runText(record)) output.line(line);
}

/** A record for each line. */
function writeJson(records: readonly RunRecord[]): void {
  for (const record of records)
    output.rawLine(terminalSafeJson(JSON.stringify({ ...record, outcome: outcomeOf(record) })));
}
