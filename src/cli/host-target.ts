import { rootOf, sshOptions } from '../engine/target.ts';
import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { renderValue } from '../template/template.ts';
import type { Scope } from '../template/values.ts';
import type { Become, Target } from '../transport/contract.ts';
import { mask } from './terminal.ts';

/** What the command line says of how to log in: below the inventory's word. */
export interface Login {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly agentSocket?: string | undefined;
}

/** How to get to a host of the inventory outside of any play: for commands that only look. Without `login`, only at its door. */
export function hostTarget(
  inventory: Inventory,
  host: string,
  extra: VarLayer,
  connectTimeoutMs: number,
  login?: Login,
): Target {
  const scope = inventoryScope(inventory, host, extra);
  const text = (...names: readonly string[]) => {
    const value = names
      .map((name) => scope.lookup(name))
      .find((one) => one !== undefined && one !== null && one !== '');
    return value === undefined ? undefined : String(value);
  };
  const port = text('ansible_port', 'ansible_ssh_port');
  return {
    name: host,
    connection: text('ansible_connection') === 'local' ? 'local' : 'ssh',
    address: text('ansible_host', 'ansible_ssh_host') ?? host,
    port: port === undefined ? undefined : Number(port),
    user: text('ansible_user', 'ansible_ssh_user') ?? login?.user,
    password: login && (text('ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password') ?? login.password),
    privateKeyFile: login && (text('ansible_ssh_private_key_file', 'ansible_private_key_file') ?? login.privateKey),
    sshOptions: sshOptions(text('ansible_ssh_common_args'), text('ansible_ssh_extra_args')),
    acceptNewHostKeys: false,
    connectTimeoutMs,
    agentSocket: login?.agentSocket,
  };
}

/** How to become root there, by the same variables as in a run; undefined: not at all, or it is root who logs in. */
export function becomeRoot(
  inventory: Inventory,
  target: Target,
  extra: VarLayer,
  asked: { readonly become: boolean; readonly password: string | undefined },
): Become | undefined {
  const scope = inventoryScope(inventory, target.name, extra);
  const defaults = {
    ...{ become: asked.become, becomeUser: undefined, becomeMethod: undefined },
    becomePassword: asked.password,
  };
  const request = { defaults, addSecret: (value: string) => mask.add(value) };
  return rootOf({ ...scope, lookupTrusted: scope.lookup }, target, request, asked.become);
}

/** The host's variables from inventory and command line, rendered when they are asked for. */
export function inventoryScope(inventory: Inventory, host: string, extra: VarLayer): Scope {
  const { groupNames = [] } = inventory.hosts.get(host) ?? {};
  const special = { inventory_hostname: host, group_names: [...groupNames], inventory_dir: inventory.dir };
  const vars = Object.assign(
    {},
    ...[...inventory.layersOf(host, undefined), extra].map((layer) => layer.vars),
    special,
  );
  const scope: Scope = {
    lookup: (name) => (Object.hasOwn(vars, name) ? renderValue(vars[name], scope) : undefined),
    names: () => Object.keys(vars),
  };
  return scope;
}
