import { randomUUID } from 'node:crypto';
import type { RunRequest } from './request.ts';
import type { HostScope } from './scope.ts';

/** What a play contributes to the special variables; hosts by name. */
export interface PlayView {
  readonly hostsAll: readonly string[];
  readonly batch: readonly string[];
  active(): readonly string[];
}

/** An argument with this value is left out. Its text has no meaning and cannot be guessed. */
export const OMIT = `__omit_place_holder__${randomUUID()}`;

export const MAGIC_NAMES = [
  'inventory_hostname',
  'inventory_hostname_short',
  'groups',
  'group_names',
  'hostvars',
  'vars',
  'omit',
  'ansible_facts',
  'ansible_check_mode',
  'ansible_diff_mode',
  'ansible_version',
  'ansible_forks',
  'ansible_play_hosts',
  'ansible_play_hosts_all',
  'ansible_play_batch',
  'play_hosts',
  'playbook_dir',
  'inventory_dir',
] as const;

/** The value of a special variable; `undefined` when the name is not one. */
export function magicVariable(
  name: string,
  scope: HostScope,
  request: RunRequest,
  play: PlayView | undefined,
  playbookDir: string | undefined,
  hostvars: () => unknown,
): unknown {
  const host = scope.parts.host;
  switch (name) {
    case 'inventory_hostname':
      return host.name;
    case 'inventory_hostname_short':
      return host.name.split('.')[0];
    case 'group_names':
      return request.inventory.hosts.get(host.name)?.groupNames ?? [];
    case 'hostvars':
      return hostvars();
    case 'vars':
      return scope.asMap();
    case 'omit':
      return OMIT;
    case 'ansible_facts':
      return host.facts;
    case 'ansible_check_mode':
      return request.check;
    case 'ansible_diff_mode':
      return request.diff;
    case 'ansible_version':
      return { full: '2.19.0', major: 2, minor: 19, revision: 0, string: `rcdeploy ${request.version}` };
    case 'ansible_forks':
      return request.forks;
    case 'ansible_play_hosts':
    case 'play_hosts':
      return play?.active();
    case 'ansible_play_hosts_all':
      return play?.hostsAll;
    case 'ansible_play_batch':
      return play?.batch;
    case 'playbook_dir':
      return playbookDir;
    case 'inventory_dir':
      return request.inventory.dir;
    default:
      return undefined;
  }
}
