import type { Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { HostState } from './host-state.ts';

/** Keep a result's `ansible_facts`: set_fact's as variables of the user's, all others as facts, which choose no connection. */
export function keepFacts(task: Task, result: Result, host: HostState): void {
  const facts = result.ansible_facts;
  if (typeof facts !== 'object' || facts === null || result.failed) return;
  if (task.module === 'include_vars') {
    // An item of a loop is kept at once, and comes again with the whole.
    if (host.includedVars.some(({ vars }) => vars === facts)) return;
    host.includedVars.push({ origin: 'include_vars', vars: facts as Record<string, unknown> });
    return;
  }
  if (task.module === 'set_fact') {
    for (const [name, value] of Object.entries(facts)) host.setFacts.set(name, value);
    if (result._cacheable !== true) return;
  }
  const unprefixed = Object.entries(facts).map(([name, value]) => [name.replace(/^ansible_/, ''), value] as const);
  host.facts = { ...host.facts, ...Object.fromEntries(unprefixed) };
}
