import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { RunRequest } from './request.ts';
import type { HostScope } from './scope.ts';

/** What a play contributes to the special variables; hosts by name. */
export interface PlayView {
  readonly title: string;
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
  'inventory_file',
  'ansible_play_name',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_limit',
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
      return isIP(host.name) === 0 ? host.name.split('.')[0] : host.name;
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
    case 'inventory_dir': {
      const { file } = request.inventory.hosts.get(host.name) ?? {};
      return file === undefined ? request.inventory.dir : dirname(file);
    }
    case 'inventory_file':
      return request.inventory.hosts.get(host.name)?.file;
    case 'ansible_play_name':
      return play?.title;
    case 'ansible_run_tags':
      return request.tags.length > 0 ? request.tags : ['all'];
    case 'ansible_skip_tags':
      return request.skipTags;
    case 'ansible_limit':
      return request.limit;
    default:
      return undefined;
  }
}
