import { Command } from 'commander';
import type { Inventory } from '../inventory/contract.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { printDiagnostics } from './diagnostics.ts';
import { inventorySources } from './load.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { definitionsOf } from './shown-vars.ts';
import { output } from './terminal.ts';
import { checkHost } from './vars.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly list?: boolean;
  readonly graph?: boolean;
  readonly host?: string;
}

/** `rcdeploy inventory`: what the inventory means, in ansible-inventory's forms. */
export function inventoryCommand(): Command {
  const command = new Command('inventory')
    .description('show hosts, groups and variables of an inventory')
    .option('--list', 'all as JSON, as `ansible-inventory --list` writes it')
    .option('--graph', 'groups and hosts as a tree (the default)')
    .option('--host <name>', 'the variables of one host as JSON');
  return finishOptions(addInputOptions(command).action(showInventory));
}

async function showInventory(flags: Flags): Promise<void> {
  await unlockVaults(flags);
  const inventory = await loadInventory(inventorySources(flags.inventory));
  printDiagnostics(inventory.warnings);
  if (flags.host !== undefined) {
    checkHost(inventory, flags.host);
    output.rawLine(JSON.stringify(varsOf(inventory, flags.host), null, 4));
  } else if (flags.list === true) {
    output.rawLine(JSON.stringify(listOf(inventory), null, 4));
  } else {
    printGroup(inventory, 'all', 0);
  }
}

function varsOf(inventory: Inventory, host: string): Record<string, unknown> {
  const all = definitionsOf(inventory.layersOf(host, undefined));
  return Object.fromEntries([...all].map(([name, definitions]) => [name, definitions.at(-1)?.value]));
}

function listOf(inventory: Inventory): Record<string, unknown> {
  const hostvars = Object.fromEntries([...inventory.hosts.keys()].map((host) => [host, varsOf(inventory, host)]));
  const groups = [...inventory.groups.values()].map(({ name, children }) => {
    const hosts = directHosts(inventory, name);
    return [name, { ...(children.length > 0 && { children }), ...(hosts.length > 0 && { hosts }) }] as const;
  });
  return { _meta: { hostvars }, ...Object.fromEntries(groups) };
}

/** Hosts of a group that are in none of its children. */
function directHosts(inventory: Inventory, name: string): string[] {
  const group = inventory.groups.get(name);
  const inherited = new Set(group?.children.flatMap((child) => inventory.groups.get(child)?.hosts ?? []));
  return (group?.hosts ?? []).filter((host) => !inherited.has(host));
}

function printGroup(inventory: Inventory, name: string, depth: number): void {
  const indent = depth === 0 ? '' : `${'  |'.repeat(depth)}--`;
  output.line(`${indent}@${sanitizeLine(name)}:`);
  for (const child of inventory.groups.get(name)?.children ?? []) printGroup(inventory, child, depth + 1);
  for (const host of directHosts(inventory, name)) output.line(`${'  |'.repeat(depth + 1)}--${sanitizeLine(host)}`);
}
