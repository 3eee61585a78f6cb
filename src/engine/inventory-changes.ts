import type { ControlEnv } from '../modules/contract.ts';
import type { Run } from './run-state.ts';

/** What tasks may change of the run's inventory: plays that begin later see it. */
export function inventoryChanges(run: Run, own: string): Pick<ControlEnv, 'addHost' | 'addToGroup'> {
  const isMember = (group: string, host: string) => run.inventory.groups.get(group)?.hosts.includes(host) ?? false;
  return {
    addHost: (name, groups, vars) => {
      const differs = !run.inventory.hosts.has(name) || groups.some((group) => !isMember(group, name));
      // They were rendered with the task: what a host said in them stays what it is.
      run.useInventory(run.inventory.withHost(name, groups, { origin: 'add_host', vars, isData: true }));
      return differs;
    },
    addToGroup: (group, parents) => {
      if (isMember(group, own)) return false;
      run.useInventory(run.inventory.withMember(group, own, parents));
      return true;
    },
  };
}
