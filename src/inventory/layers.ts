import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { GroupDraft, InventoryBuilder } from './builder.ts';
import type { Group, Host, Inventory, VarLayer } from './contract.ts';
import { VarsDirs } from './vars-dirs.ts';

/** Close the draft: implicit groups, memberships, and the order in which variables of groups and hosts win. */
export function buildInventory(builder: InventoryBuilder, beside: readonly VarsDirs[], dir: string): Inventory {
  adoptOrphans(builder);
  const depths = depthsOf(builder);
  const groups = new Map<string, Group>();
  for (const [name, draft] of builder.groups) {
    groups.set(name, {
      name,
      hosts: membersOf(builder, draft),
      children: [...draft.children],
    });
  }
  const hosts = new Map<string, Host>();
  for (const [name, { file }] of builder.hosts) {
    const groupNames = [...groups.values()].filter((group) => group.hosts.includes(name)).map((group) => group.name);
    hosts.set(name, {
      name,
      file,
      groupNames: groupNames.filter((group) => group !== 'all').sort(),
    });
    if (builder.groups.has(name))
      builder.warn('same-name', `'${name}' is a host and a group`, undefined, 'patterns will mean the group');
  }
  const playbookDirs = new Map<string, VarsDirs>();
  const besidePlaybook = (playbookDir: string): VarsDirs => {
    const known = playbookDirs.get(playbookDir) ?? readPlaybookDir(playbookDir);
    playbookDirs.set(playbookDir, known);
    return known;
  };
  const changed = (change: (draft: InventoryBuilder) => void): Inventory => {
    const draft = builder.copy();
    change(draft);
    return buildInventory(draft, beside, dir);
  };
  return {
    hosts,
    groups,
    dir,
    withHost: (name, added, vars) =>
      changed((draft) => {
        for (const group of added.length > 0 ? added : ['ungrouped']) draft.addHost(group, name);
        draft.hosts.get(name)?.vars.push(vars);
      }),
    withMember: (group, host, parents) =>
      changed((draft) => {
        draft.addHost(group, host);
        for (const parent of parents) if (parent !== 'all') draft.addChild(parent, group, undefined);
      }),
    warnings: builder.diagnostics.filter(({ severity }) => severity === 'warning'),
    layersOf: (host, playbookDir) => {
      const playbook = playbookDir === undefined || playbookDir === dir ? undefined : besidePlaybook(playbookDir);
      const names = orderedGroups(builder, depths, hosts.get(host)?.groupNames ?? []);
      const files = (kind: 'group_vars' | 'host_vars', name: string) =>
        beside.flatMap((dirs) => dirs.layers(kind, name));
      const playbookFiles = (kind: 'group_vars' | 'host_vars', name: string) => playbook?.layers(kind, name) ?? [];
      return [
        ...['all', ...names].flatMap((name): readonly VarLayer[] => builder.groups.get(name)?.vars ?? []),
        ...files('group_vars', 'all'),
        ...playbookFiles('group_vars', 'all'),
        ...names.flatMap((name) => files('group_vars', name)),
        ...names.flatMap((name) => playbookFiles('group_vars', name)),
        ...(builder.hosts.get(host)?.vars ?? []),
        ...files('host_vars', host),
        ...playbookFiles('host_vars', host),
      ];
    },
  };
}

/** Throws InputError when a file of variables beside the playbook is wrong. */
function readPlaybookDir(playbookDir: string): VarsDirs {
  const diagnostics: Diagnostic[] = [];
  const dirs = new VarsDirs(playbookDir, 'playbook', diagnostics);
  dirs.readAll();
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InputError(diagnostics);
  return dirs;
}

/** Groups without a parent are children of `all`; hosts that stand only in `all` are ungrouped. */
function adoptOrphans(builder: InventoryBuilder): void {
  const children = new Set([...builder.groups.values()].flatMap((group) => [...group.children]));
  const all = builder.group('all');
  for (const name of builder.groups.keys()) if (name !== 'all' && !children.has(name)) all.children.add(name);
  const grouped = new Set(
    [...builder.groups.values()].flatMap((group) =>
      group.name === 'all' || group.name === 'ungrouped' ? [] : [...group.hosts],
    ),
  );
  const ungrouped = builder.group('ungrouped').hosts;
  for (const host of builder.hosts.keys()) {
    if (grouped.has(host)) ungrouped.delete(host);
    else ungrouped.add(host);
  }
}

/** Its own hosts, then those of its children, then those of their children: the order in which Ansible works on them. */
function membersOf(builder: InventoryBuilder, group: GroupDraft): string[] {
  const walked = new Set<GroupDraft>([group]);
  for (const { children } of walked) {
    for (const child of children) {
      const draft = builder.groups.get(child);
      if (draft) walked.add(draft);
    }
  }
  return [...new Set([...walked].flatMap(({ hosts }) => [...hosts]))];
}

/** The longest way down from `all`: deeper groups win. */
function depthsOf(builder: InventoryBuilder): Map<string, number> {
  const depths = new Map<string, number>();
  const visit = (name: string, depth: number): void => {
    if ((depths.get(name) ?? -1) >= depth) return;
    depths.set(name, depth);
    for (const child of builder.groups.get(name)?.children ?? []) visit(child, depth + 1);
  };
  visit('all', 0);
  return depths;
}

/** Lowest first: by depth, then `ansible_group_priority`, then name. */
function orderedGroups(
  builder: InventoryBuilder,
  depths: ReadonlyMap<string, number>,
  names: readonly string[],
): string[] {
  const priority = (name: string) => {
    const layer = builder.groups.get(name)?.vars.findLast(({ vars }) => Object.hasOwn(vars, 'ansible_group_priority'));
    return Number(layer?.vars.ansible_group_priority ?? 1);
  };
  return [...names].sort(
    (a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || priority(a) - priority(b) || (a < b ? -1 : a > b ? 1 : 0),
  );
}
