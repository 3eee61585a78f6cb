import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { selectHosts } from '../inventory/patterns.ts';
import { checkInventory } from './check-inventory.ts';
import { checkNames } from './check-names.ts';
import { isTemplate } from './coerce.ts';
import type { Playbook } from './contract.ts';
import { Findings } from './findings.ts';

/**
 * Everything that can be known to be wrong before the first connection, beyond what loading has found: undefined names, wrong
 * templates, connection variables of the wrong type, colliding ports. In the order of files and lines.
 */
export function validate(
  inventory: Inventory,
  playbooks: readonly Playbook[],
  extraVars: VarLayer,
  mayDefine?: (name: string) => boolean,
): Diagnostic[] {
  const findings = new Findings();
  const collect = (check: () => Iterable<Diagnostic>) => {
    try {
      findings.add(check());
    } catch (error) {
      // Files of variables beside a playbook are read when they are first asked for.
      if (!(error instanceof InputError)) throw error;
      findings.add(error.diagnostics);
    }
  };
  collect(() => checkNames(inventory, playbooks, extraVars, mayDefine));
  if (playbooks.length === 0) collect(() => checkInventory(inventory, [...inventory.hosts.keys()], undefined));
  for (const playbook of playbooks) {
    collect(() => checkInventory(inventory, hostsOf(inventory, playbook), playbook.dir));
  }
  return findings.sorted();
}

/** The hosts that a playbook may touch; all of them where a pattern is not known before the run. */
function hostsOf(inventory: Inventory, playbook: Playbook): string[] {
  const hosts = new Set<string>();
  for (const { hosts: raw } of playbook.plays) {
    const pattern = Array.isArray(raw) ? raw.join(',') : String(raw);
    const named = isTemplate(pattern) ? inventory.hosts.keys() : selectHosts(inventory, pattern);
    for (const host of named) if (inventory.hosts.has(host)) hosts.add(host);
  }
  return [...hosts];
}
