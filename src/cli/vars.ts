import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../errors/errors.ts';
import type { Inventory } from '../inventory/contract.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { brief } from '../report/diff-text.ts';
import { didYouMean } from '../source/nearest.ts';
import { parseExtraVars } from './extra-vars.ts';
import { inventorySources } from './load.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { type Definition, definitionsOf } from './shown-vars.ts';
import { output } from './terminal.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly explain?: string;
  readonly playbook?: string;
}

/** `rcdeploy vars`: a host's variables, where each comes from, and what it overrode. */
export function varsCommand(): Command {
  const command = new Command('vars')
    .description("show a host's variables and where each comes from")
    .argument('<host>')
    .option('--explain <name>', 'every definition of one variable, in order of precedence')
    .option('--playbook <file>', 'count group_vars and host_vars beside this playbook too');
  return finishOptions(addInputOptions(command).action(showVars));
}

async function showVars(host: string, flags: Flags): Promise<void> {
  await unlockVaults(flags);
  const inventory = await loadInventory(inventorySources(flags.inventory));
  checkHost(inventory, host);
  const playbookDir = flags.playbook === undefined ? undefined : dirname(resolve(flags.playbook));
  const layers = [...inventory.layersOf(host, playbookDir), parseExtraVars(flags.extraVars)];
  const all = definitionsOf(layers);
  if (flags.explain !== undefined) return explain(flags.explain, all);
  for (const [name, definitions] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const winner = definitions.at(-1);
    if (winner !== undefined) output.line(`${name}: ${brief(winner.value)}  # ${placeOf(winner)}`);
  }
}

function explain(name: string, all: ReadonlyMap<string, Definition[]>): void {
  const definitions = all.get(name);
  if (definitions === undefined) {
    throw inputError(
      'unknown-variable',
      `nothing in the inventory defines '${name}' for this host`,
      didYouMean(name, all.keys()),
    );
  }
  output.line(`${name}, lowest precedence first:`);
  for (const [index, definition] of definitions.entries()) {
    const wins = index === definitions.length - 1;
    output.line(`${wins ? '=>' : '  '} ${brief(definition.value)}  # ${placeOf(definition)}${wins ? ', wins' : ''}`);
  }
}

function placeOf({ origin, path }: Definition): string {
  return path === undefined ? origin : `${origin}, ${path}`;
}

/** Throws InputError when the inventory has no such host. */
export function checkHost(inventory: Inventory, host: string): void {
  if (inventory.hosts.has(host)) return;
  throw inputError('unknown-host', `the inventory has no host '${host}'`, didYouMean(host, inventory.hosts.keys()));
}

function inputError(code: string, message: string, hint: string | undefined): InputError {
  return new InputError([{ severity: 'error', code, message, hint }]);
}
