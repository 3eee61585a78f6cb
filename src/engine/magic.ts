import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { PlayContext, Run } from './run-state.ts';
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

interface Around {
  readonly scope: HostScope;
  readonly run: Run;
  readonly play: PlayContext | undefined;
  hostvars(): unknown;
}

/** Each special variable, `undefined` where it has no value. */
const magic: Readonly<Record<string, (around: Around) => unknown>> = {
  inventory_hostname: ({ scope }) => scope.parts.host.name,
  inventory_hostname_short: ({ scope }) => shortName(scope.parts.host.name),
  group_names: ({ scope, run }) => run.inventory.hosts.get(scope.parts.host.name)?.groupNames ?? [],
  groups: ({ run }) => run.groups,
  hostvars: ({ hostvars }) => hostvars(),
  vars: ({ scope }) => scope.asMap(),
  omit: () => OMIT,
  ansible_facts: ({ scope }) => scope.parts.host.facts,
  ansible_check_mode: ({ run }) => run.request.check,
  ansible_diff_mode: ({ run }) => run.request.diff,
  ansible_version: ({ run: { request } }) => ({
    full: '2.19.0',
    major: 2,
    minor: 19,
    revision: 0,
    string: `rcdeploy ${request.version}`,
  }),
  ansible_forks: ({ run }) => run.request.forks,
  ansible_limit: ({ run }) => run.request.limit,
  ansible_verbosity: ({ run }) => run.request.verbosity,
  ansible_run_tags: ({ run: { request } }) => (request.tags.length === 0 ? ['all'] : request.tags),
  ansible_skip_tags: ({ run }) => run.request.skipTags,
  ansible_inventory_sources: ({ run }) => run.request.inventorySources,
  ansible_play_hosts: ({ play }) => play?.active(),
  play_hosts: ({ play }) => play?.active(),
  ansible_play_hosts_all: ({ play }) => play?.hostsAll,
  ansible_play_batch: ({ play }) => play?.batch,
  ansible_play_name: ({ play }) => play?.title,
  ansible_play_role_names: ({ play }) => play?.play.roleNames,
  ansible_role_names: ({ play, scope }) => play && namesAround(play, scope),
  role_names: ({ play }) => play?.play.roleNames,
  ansible_dependent_role_names: ({ scope }) => scope.parts.role?.dependencies,
  ansible_role_name: ({ scope }) => scope.parts.role?.name,
  role_name: ({ scope }) => scope.parts.role?.name,
  role_path: ({ scope }) => scope.parts.role?.dir,
  ansible_parent_role_names: ({ scope }) => nonEmpty(scope.parts.role?.parents),
  ansible_search_path: ({ scope, play }) =>
    [scope.parts.role?.dir, play?.playbookDir].filter((dir) => dir !== undefined),
  playbook_dir: ({ play }) => play?.playbookDir,
  inventory_dir: ({ run, scope }) => {
    const { file } = run.inventory.hosts.get(scope.parts.host.name) ?? {};
    return file === undefined ? run.inventory.dir : dirname(file);
  },
  inventory_file: ({ run, scope }) => run.inventory.hosts.get(scope.parts.host.name)?.file,
};

export const MAGIC_NAMES: readonly string[] = Object.keys(magic);

/** The value of a special variable; `undefined` when the name is not one. */
export function magicVariable(
  name: string,
  scope: HostScope,
  run: Run,
  play: PlayContext | undefined,
  hostvars: () => unknown,
): unknown {
  return Object.hasOwn(magic, name) ? magic[name]?.({ scope, run, play, hostvars }) : undefined;
}

function shortName(host: string): string | undefined {
  return isIP(host) === 0 ? host.split('.')[0] : host;
}

function namesAround(play: PlayContext, scope: HostScope): string[] {
  const own = scope.parts.role;
  return [...new Set([...(own ? [...own.dependencies, own.name] : []), ...play.play.roleNames])];
}

function nonEmpty(names: readonly string[] | undefined): readonly string[] | undefined {
  return names && names.length > 0 ? names : undefined;
}
