import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { selectHosts } from '../inventory/patterns.ts';
import { spanOf } from '../source/positions.ts';
import { checkInventory } from './check-inventory.ts';
import { checkNames } from './check-names.ts';
import { isTemplate } from './coerce.ts';
import type { Play, Playbook } from './contract.ts';
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
    collect(() => checkInventory(inventory, hostsOf(inventory, playbook, findings), playbook.dir));
  }
  return findings.sorted();
}

/** The hosts that a playbook may touch; all of them where a pattern is not known before the run. */
function hostsOf(inventory: Inventory, playbook: Playbook, findings: Findings): string[] {
  const hosts = new Set<string>();
  for (const play of playbook.plays) {
    const pattern = Array.isArray(play.hosts) ? play.hosts.join(',') : String(play.hosts);
    const named = isTemplate(pattern) ? inventory.hosts.keys() : select(inventory, pattern, play, findings);
    for (const host of named) if (inventory.hosts.has(host)) hosts.add(host);
  }
  return [...hosts];
}

function select(inventory: Inventory, pattern: string, play: Play, findings: Findings): readonly string[] {
  try {
    return selectHosts(inventory, pattern);
  } catch (error) {
    // A wrong regular expression, or an @file that cannot be read.
    const reason = error instanceof Error ? error.message : String(error);
    findings.error('wrong-pattern', `the pattern "${pattern}": ${reason}`, spanOf(play, 'hosts') ?? play.span);
    return [];
  }
}
