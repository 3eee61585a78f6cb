import type { Diagnostic } from '../errors/diagnostic.ts';

/** Variables from one place in the sources; values are unrendered and keep their positions (source/positions). */
export interface VarLayer {
  /** Where it stands in Ansible's order, for `vars --explain`: "inventory group_vars/redis", "play vars"… */
  readonly origin: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Values that were rendered already, or came from a host or a person: never templates. */
  readonly isData?: true;
}

export interface Host {
  readonly name: string;
  /** The file that named it first; undefined for a name that was given on the command line. */
  readonly file: string | undefined;
  /** All groups that the host is in, directly or not, without `all`, in name order (Ansible's group_names). */
  readonly groupNames: readonly string[];
}

export interface Group {
  readonly name: string;
  /** All hosts in it, directly or through children, in inventory order. */
  readonly hosts: readonly string[];
  readonly children: readonly string[];
}

export interface Inventory {
  readonly hosts: ReadonlyMap<string, Host>;
  /** Includes `all` and `ungrouped`. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Directory of the first inventory source, absolute. */
  readonly dir: string;
  /** Levels 3 to 10 of the precedence order for a host, lowest first. `playbookDir` adds the playbook's group_vars and host_vars. */
  layersOf(host: string, playbookDir: string | undefined): readonly VarLayer[];
  readonly warnings: readonly Diagnostic[];
  /** The same with a host more, or with more groups and variables of one. */
  withHost(name: string, groups: readonly string[], vars: VarLayer): Inventory;
  /** The same with a host in one more group; the group is made when missing, and put into its parents. */
  withMember(group: string, host: string, parents: readonly string[]): Inventory;
}
