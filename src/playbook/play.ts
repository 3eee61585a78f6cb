import { spanOf } from '../source/positions.ts';
import { isHandler, type Play } from './contract.ts';
import { placeProperties } from './copy-places.ts';
import { readEntries } from './entries.ts';
import { checkNotifications } from './handlers.ts';
import { type Inherited, inherit } from './inherited.ts';
import { readKeywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { readModuleDefaults } from './module-defaults.ts';
import { readPrompts } from './prompts.ts';
import { type ReadRole, readRole } from './role.ts';
import { readMentions } from './role-mention.ts';
import { varsLayer } from './surroundings.ts';
import { readVarsFiles } from './vars-files.ts';

type PlayMap = Readonly<Record<string, unknown>>;

/** One play. `outer` is what an `import_playbook` around it adds. */
export function readPlay(map: PlayMap, outer: Inherited, around: Loading): Play | undefined {
  const { findings } = around;
  const keywords = readKeywords('play', map, map, findings);
  const moduleDefaults = readModuleDefaults(map.module_defaults, outer.moduleDefaults, findings);
  // Variables of plays rank below facts set at run time and above the inventory's: they are the play's, not its tasks'.
  const inside = { ...inherit(outer, keywords, { when: [], vars: [], moduleDefaults }), vars: [] };
  const vars = [...varsLayer(map.vars, 'play vars', around), ...outer.vars];
  const varsFiles = readVarsFiles(keywords.vars_files, map, around);
  const loading = around.forPlay([
    ...vars,
    ...varsFiles.flatMap(({ load, names }) => (names.length === 0 ? (load([]) ?? []) : [])),
  ]);
  const { play: parts } = loading;
  const list = (key: string, place: 'tasks' | 'handlers' = 'tasks') => readEntries(map[key], inside, place, loading);
  const preTasks = list('pre_tasks');
  const roles = readRoles(map.roles, inside, loading);
  const tasks = [...roles.flatMap(({ entries }) => entries), ...list('tasks')];
  const postTasks = list('post_tasks');
  const own = list('handlers', 'handlers').filter(isHandler);
  const handlers = [...parts.roleHandlers, ...own];
  if (!parts.hasUnforeseenHandlers)
    checkNotifications(parts.notifications, [...handlers, ...parts.foreseenHandlers], findings);
  const span = spanOf(map);
  if (span === undefined) return undefined;
  const { nearest } = inside;
  const play: Play = {
    ...('become' in nearest && { become: nearest.become }),
    ...('becomeUser' in nearest && { becomeUser: nearest.becomeUser }),
    ...('becomeMethod' in nearest && { becomeMethod: nearest.becomeMethod }),
    ...('becomeExe' in nearest && { becomeExe: nearest.becomeExe }),
    ...('becomeFlags' in nearest && { becomeFlags: nearest.becomeFlags }),
    name: typeof keywords.name === 'string' ? keywords.name : undefined,
    hosts: keywords.hosts,
    gatherFacts: keywords.gather_facts,
    vars,
    prompts: readPrompts(map.vars_prompt, findings),
    varsFiles,
    exposed: { defaults: parts.roleDefaults, vars: parts.roleVars },
    roleNames: roles.map(({ name }) => name),
    strategy: keywords.strategy === 'free' ? 'free' : 'linear',
    preTasks,
    tasks,
    postTasks,
    handlers,
    serial: keywords.serial === undefined ? [] : [keywords.serial].flat(),
    order: orderOf(keywords.order),
    batchBy: batchByOf(keywords.batch_by),
    maxFailHosts: keywords.max_fail_hosts,
    ignoresUnreachable: keywords.max_fail_percentage_ignores_unreachable,
    retryUnreachable: keywords.retry_unreachable,
    maxFailPercentage: keywords.max_fail_percentage,
    anyErrorsFatal: nearest.anyErrorsFatal,
    ignoreUnreachable: nearest.ignoreUnreachable,
    forceHandlers: keywords.force_handlers,
    environment: inside.environment,
    connection: nearest.connection,
    remoteUser: nearest.remoteUser,
    port: nearest.port,
    tags: inside.tags,
    span,
  };
  placeProperties(map, play);
  return play;
}

/** The roles of `roles`: what they bring to the play is seen by all of it. */
function readRoles(list: unknown, inside: Inherited, loading: Loading): (ReadRole & { readonly name: string })[] {
  return readMentions(list, inside, loading).flatMap((mention) => {
    const read = readRole(mention, loading);
    if (read === undefined) return [];
    loading.play.roleHandlers.push(...read.handlers);
    loading.play.roleDefaults.push(...read.exposed.defaults);
    loading.play.roleVars.push(...read.exposed.vars);
    return [{ ...read, name: mention.name }];
  });
}

const groupings = ['zone', 'shard', 'role'] as const;
const orders: readonly Play['order'][] = ['inventory', 'sorted', 'reverse_sorted', 'reverse_inventory', 'shuffle'];

function batchByOf(value: unknown): Play['batchBy'] {
  return groupings.find((one) => one === value);
}

function orderOf(value: unknown): Play['order'] {
  return orders.find((one) => one === value) ?? 'inventory';
}
