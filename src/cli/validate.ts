import { Command, Option } from 'commander';
import { type Diagnostic, formatSpan } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import { count } from '../report/words.ts';
import { asMistakes, printDiagnostics } from './diagnostics.ts';
import { loadAll } from './load.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { mask, output } from './terminal.ts';
import type { VaultFlags } from './vault-passwords.ts';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly strict?: boolean;
  readonly output: 'plain' | 'json';
}

/** `rcdeploy validate`: all mistakes of inventory and playbooks, without contacting any host. */
export function validateCommand(): Command {
  const command = new Command('validate')
    .description('find the mistakes of inventory and playbooks without contacting any host')
    .argument('[playbook...]', 'playbooks; none: the inventory alone');
  addInputOptions(command)
    .option('--strict', 'warnings are mistakes too')
    .addOption(new Option('--output <form>', 'what to write').choices(['plain', 'json']).default('plain'))
    .action(validate);
  return finishOptions(command);
}

async function validate(playbooks: string[], flags: Flags): Promise<void> {
  const { diagnostics: found, summary } = await check(playbooks, flags);
  const diagnostics = flags.strict ? asMistakes(found) : found;
  const failed = diagnostics.some(({ severity }) => severity === 'error');
  if (flags.output === 'json') for (const diagnostic of diagnostics) output.rawLine(JSON.stringify(event(diagnostic)));
  else printDiagnostics(diagnostics);
  if (!failed && flags.output === 'plain') output.line(summary);
  process.exitCode = failed ? 1 : 0;
}

async function check(
  playbooks: readonly string[],
  flags: Flags,
): Promise<{ diagnostics: readonly Diagnostic[]; summary: string }> {
  try {
    const { warnings, inventory, playbooks: loaded } = await loadAll({ ...flags, playbooks });
    const plays = loaded.reduce((sum, playbook) => sum + playbook.plays.length, 0);
    return {
      diagnostics: warnings,
      summary: `no mistakes found: ${count(plays, 'play')}, ${count(inventory.hosts.size, 'host')}`,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { diagnostics: error.diagnostics, summary: '' };
  }
}

function event({ severity, code, message, span, hint }: Diagnostic): object {
  const path = span === undefined ? undefined : formatSpan(span);
  return mask.value({ event: 'diagnostic', time: new Date().toISOString(), severity, code, message, path, hint });
}
