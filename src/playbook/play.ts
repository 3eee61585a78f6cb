import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Play, Task } from './contract.ts';
import { placeProperties } from './copy-places.ts';
import { readEntries } from './entries.ts';
import { checkNotifications } from './handlers.ts';
import { type Inherited, inherit, texts } from './inherited.ts';
import { type Keywords, readKeywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { readModuleDefaults } from './module-defaults.ts';
import { checkNames } from './names.ts';
import { varsLayer } from './surroundings.ts';

type PlayMap = Readonly<Record<string, unknown>>;

/** One play. `outer` is what an `import_playbook` around it adds. */
export function readPlay(map: PlayMap, outer: Inherited, loading: Loading): Play | undefined {
  const { findings } = loading;
  const keywords = readKeywords('play', map, map, findings);
  const moduleDefaults = readModuleDefaults(map.module_defaults, outer.moduleDefaults, findings);
  // Variables of plays rank below facts set at run time and above the inventory's: they are the play's, not its tasks'.
  const inside = { ...inherit(outer, keywords, { when: [], vars: [], moduleDefaults }), vars: [] };
  const vars = [...varsLayer(map.vars, 'play vars', loading), ...outer.vars, ...varsFiles(keywords, map, loading)];
  loading.notifications.length = 0;
  const list = (key: string, place: 'tasks' | 'handlers' = 'tasks') => readEntries(map[key], inside, place, loading);
  const preTasks = list('pre_tasks');
  const tasks = list('tasks');
  const postTasks = list('post_tasks');
  const handlers = list('handlers', 'handlers').filter((entry): entry is Task => entry.kind === 'task');
  checkNotifications(loading.notifications, handlers, findings);
  const span = spanOf(map);
  if (span === undefined) return undefined;
  const { nearest } = inside;
  const play: Play = {
    ...('become' in nearest && { become: nearest.become }),
    ...('becomeUser' in nearest && { becomeUser: nearest.becomeUser }),
    ...('becomeMethod' in nearest && { becomeMethod: nearest.becomeMethod }),
    name: typeof keywords.name === 'string' ? keywords.name : undefined,
    hosts: keywords.hosts,
    gatherFacts: keywords.gather_facts,
    vars,
    preTasks,
    tasks,
    postTasks,
    handlers,
    serial: keywords.serial === undefined ? [] : [keywords.serial].flat(),
    order: orderOf(keywords.order),
    maxFailPercentage: keywords.max_fail_percentage,
    anyErrorsFatal: nearest.anyErrorsFatal,
    ignoreUnreachable: nearest.ignoreUnreachable,
    forceHandlers: keywords.force_handlers,
    environment: inside.environment,
    connection: keywords.connection,
    remoteUser: keywords.remote_user,
    port: keywords.port,
    tags: inside.tags,
    span,
  };
  placeProperties(map, play);
  return play;
}

const orders: readonly Play['order'][] = ['inventory', 'sorted', 'reverse_sorted', 'reverse_inventory', 'shuffle'];

function orderOf(value: unknown): Play['order'] {
  return orders.find((one) => one === value) ?? 'inventory';
}

function varsFiles(keywords: Keywords, map: PlayMap, loading: Loading): VarLayer[] {
  const listed = map.vars_files;
  return texts(keywords.vars_files).flatMap((name, index) => {
    const span = Array.isArray(listed) ? spanOf(listed, index) : spanOf(map, 'vars_files');
    return varsFile(name, span, loading);
  });
}

function varsFile(name: string, span: ReturnType<typeof spanOf>, loading: Loading): VarLayer[] {
  const { findings } = loading;
  if (isTemplate(name)) {
    const hint = 'give the file with -e @file, or put its variables into group_vars';
    findings.error('not-supported-yet', 'a template in the name of a vars file is not supported yet', span, hint);
    return [];
  }
  const file = resolve(loading.dir, name);
  if (!existsSync(file)) {
    findings.error('missing-file', `there is no vars file ${name}`, span, `looked for ${file}`);
    return [];
  }
  const vars = loading.read(file, span);
  if (vars === null || vars === undefined) return [];
  if (typeof vars !== 'object' || Array.isArray(vars)) {
    findings.error('wrong-type', `${name} must hold a map of variables`, spanOf(vars) ?? span);
    return [];
  }
  checkNames(vars, 'vars', findings);
  return [{ origin: `vars_files ${name}`, vars: vars as VarLayer['vars'] }];
}
