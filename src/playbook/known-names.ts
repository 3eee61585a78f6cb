import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { isTemplate } from './coerce.ts';
import type { Play, Playbook, Task } from './contract.ts';
import { includesOf, stepsOf } from './sites.ts';

/** Names that the engine provides. All that begins with `ansible_` may be a fact or a special variable. */
const special = [
  'environment',
  'group_names',
  'groups',
  'hostvars',
  'inventory_dir',
  'inventory_file',
  'inventory_hostname',
  'inventory_hostname_short',
  'omit',
  'play_hosts',
  'playbook_dir',
  'role_name',
  'role_names',
  'role_path',
  'template_destpath',
  'template_fullpath',
  'template_host',
  'template_path',
  'template_uid',
  'vars',
];

/** Variables by name, with every place that defines them. */
export type Definitions = Map<string, Readonly<Record<string, unknown>>[]>;

export function define(into: Definitions, layers: Iterable<VarLayer>): void {
  const seen = new Set<unknown>();
  for (const { vars } of layers) {
    if (seen.has(vars)) continue;
    seen.add(vars);
    for (const name of Object.keys(vars)) {
      const places = into.get(name) ?? [];
      if (!places.includes(vars)) into.set(name, [...places, vars]);
    }
  }
}

/** All layers of all hosts, each once however many hosts share it. */
export function* inventoryLayers(inventory: Inventory, playbookDir: string): Generator<VarLayer> {
  const seen = new Set<unknown>();
  for (const host of inventory.hosts.keys()) {
    for (const layer of inventory.layersOf(host, playbookDir)) {
      if (seen.has(layer.vars)) continue;
      seen.add(layer.vars);
      yield layer;
    }
  }
}

/** Variables that roles of the play, and dynamic includes in it, bring. */
export function* roleLayers(play: Play): Generator<VarLayer> {
  yield* play.exposed.defaults;
  yield* play.exposed.vars;
  for (const { role, params } of stepsOf(play)) {
    yield* params;
    if (role !== undefined) for (const layers of [role.defaults, role.vars, role.params]) yield* layers;
  }
}

/** Files that tasks of the play may include though their names are known in the run only: whatever is named there may be. */
export function possibleFilesOf(play: Play): string[] {
  return [...includesOf(play)].flatMap(({ candidates }) => candidates);
}

/** Names that come into being during the run: registered results, facts set by tasks, variables of hosts
 * that tasks add. They outlive their play. */
export function namesOfRun(playbooks: readonly Playbook[]): Set<string> {
  const names = new Set<string>(special);
  for (const { plays } of playbooks) {
    for (const play of plays) {
      for (const step of stepsOf(play)) {
        if (step.kind === 'meta') continue;
        if (step.register !== undefined) names.add(step.register);
        if (step.module === 'set_fact' || step.module === 'add_host')
          for (const name of Object.keys(step.args)) names.add(name);
      }
    }
  }
  return names;
}

/** What names of facts may come to that are templates themselves: `{{ item }}_port`. */
export function nameTemplatesOfRun(playbooks: readonly Playbook[]): RegExp[] {
  const steps = playbooks.flatMap(({ plays }) => plays.flatMap((play) => [...stepsOf(play)]));
  const keys = steps.flatMap((step) =>
    step.kind === 'task' && step.module === 'set_fact' ? Object.keys(step.args) : [],
  );
  const literal = (text: string) => text.replace(/[^\w]/g, '\\$&');
  return keys.filter(isTemplate).map(
    (key) =>
      new RegExp(
        `^${key
          .split(/\{[{%#].*?[}%#]\}/s)
          .map(literal)
          .join('.*')}$`,
      ),
  );
}

/** Names that a task's own loop provides. */
export function loopNames(task: Task): string[] {
  const { loopVar, indexVar } = task.loopControl;
  if (task.loop === undefined) return [];
  return indexVar === undefined ? [loopVar] : [loopVar, indexVar];
}

/** Names that some task of the play provides for itself: a variable may be made to be used there. */
export function namesInTasks(play: Play): Set<string> {
  const names = new Set<string>();
  for (const step of stepsOf(play)) {
    for (const { vars } of step.vars) for (const name of Object.keys(vars)) names.add(name);
    if (step.kind === 'task') for (const name of loopNames(step)) names.add(name);
  }
  return names;
}
