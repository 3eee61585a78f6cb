import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Entry, Exposed, Include, Included, Task } from './contract.ts';
import { copyPlaces } from './copy-places.ts';
import { fromFiles, readTasksFile } from './imports.ts';
import type { Inherited } from './inherited.ts';
import { readKeywords } from './keywords.ts';
import { loopNames } from './known-names.ts';
import type { Loading } from './loading.ts';
import { shortName } from './module-call.ts';
import { patternOf, possibleFiles } from './possible-files.ts';
import { readRole } from './role.ts';
import { inheritFrom, type Place, varsLayer } from './surroundings.ts';
import { readTask } from './task.ts';

type EntryMap = Readonly<Record<string, unknown>>;

/** What an include itself may have; all else goes into its `apply`, or onto the tasks in the file. */
const ownKeywords = new Set([
  ...['args', 'collections', 'ignore_errors', 'loop', 'loop_control', 'name', 'no_log', 'register', 'run_once'],
  ...['tags', 'timeout', 'vars', 'when'],
]);

/** `include_tasks`, `include_role`. With a literal name, what it includes is read and checked now as well. */
export function readInclude(map: EntryMap, key: string, outer: Inherited, place: Place, loading: Loading): Entry[] {
  const { findings } = loading;
  const kind = shortName(key);
  if (place === 'handlers' && kind === 'include_role') {
    findings.error('not-supported', 'a role cannot be a handler', keySpanOf(map, key), 'use include_tasks');
    return [];
  }
  const isOwn = (other: string) =>
    other === key ||
    ownKeywords.has(other) ||
    other.startsWith('with_') ||
    (place === 'handlers' && other === 'listen');
  for (const other of Object.keys(map)) {
    if (isOwn(other)) continue;
    const hint = `put it under "apply" of ${kind}, or on the tasks in the file`;
    findings.error('unknown-keyword', `${kind} does not take "${other}"`, keySpanOf(map, other), hint);
  }
  const taken = Object.fromEntries(Object.entries(map).filter(([other]) => isOwn(other)));
  copyPlaces(map, taken);
  const task = readTask(taken, outer, place, loading);
  if (task === undefined) return [];
  const source: Source = { map, task, outer, place, loading, isRole: kind === 'include_role' };
  const include: Include = {
    kind: 'include',
    task,
    load: (args, item) => loadNow(source, args, item),
    foreseen: foresee(source),
    candidates: candidatesOf(source),
  };
  return [include];
}

interface Source {
  readonly map: EntryMap;
  readonly task: Task;
  readonly outer: Inherited;
  readonly place: Place;
  readonly loading: Loading;
  readonly isRole: boolean;
}

/** During the run: with a loop's variables, and mistakes thrown. */
function loadNow(source: Source, args: EntryMap, item: Readonly<Record<string, unknown>>): Included {
  const loading = source.loading.anew();
  const included = readIncluded(source, args, item, loading);
  const errors = loading.findings.sorted().filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new InputError(errors);
  return included;
}

function readIncluded(
  source: Source,
  args: EntryMap,
  item: Readonly<Record<string, unknown>>,
  loading: Loading,
): Included {
  const inside = surroundings(source, item, loading);
  const span = spanOf(source.task.args, source.isRole ? 'name' : 'file') ?? source.task.span;
  const name = String(args[source.isRole ? 'name' : 'file']);
  if (!source.isRole) {
    const entries = readTasksFile(name, span, inside, source.place, loading);
    return {
      entries,
      handlers: loading.play.roleHandlers,
      exposes: exposedIn(loading),
      what: fileOf(name, loading) ?? name,
    };
  }
  const read = readRole(
    {
      name,
      span,
      outer: inside,
      vars: varsLayer(source.map.vars, `vars of role ${name}`, loading),
      params: [],
      from: fromFiles(args),
      allowDuplicates: args.allow_duplicates !== false,
      validates: args.rolespec_validate !== false,
      own: [source.map.when, source.map.tags],
    },
    loading,
  );
  return {
    entries: read?.entries ?? [],
    handlers: [...loading.play.roleHandlers, ...(read?.handlers ?? [])],
    exposes: exposedIn(loading, args.public === true ? read?.exposed : undefined),
    what: name,
  };
}

/** Imported roles in what is included are seen by all of the play, as imported roles are. */
function exposedIn({ play }: Loading, own?: Exposed): Exposed {
  return {
    defaults: [...play.roleDefaults, ...(own?.defaults ?? [])],
    vars: [...play.roleVars, ...(own?.vars ?? [])],
  };
}

/** Keywords around the include and those of `apply`; the include's own conditions and tags are its own. */
function surroundings(
  { map, outer, task }: Source,
  item: Readonly<Record<string, unknown>>,
  loading: Loading,
): Inherited {
  const { apply } = task.args;
  const isMap = typeof apply === 'object' && apply !== null && !Array.isArray(apply);
  const keywords = isMap ? readKeywords('block', apply, { ...apply, block: [] }, loading.findings) : {};
  const applied = isMap ? inheritFrom(apply as EntryMap, keywords, outer, 'apply vars', loading) : outer;
  const layers: VarLayer[] = [...varsLayer(map.vars, 'include vars', loading)];
  // A loop's item may come from a host: it is data.
  if (Object.keys(item).length > 0) layers.push({ origin: 'loop of include', vars: item, isData: true });
  const mayBeSkipped = applied.mayBeSkipped || task.when.length > 0;
  return { ...applied, mayBeSkipped, params: [...outer.params, ...layers] };
}

function foresee(source: Source): Included | undefined {
  const { task, loading, isRole } = source;
  const names = isRole ? ['name', 'tasks_from', 'vars_from', 'defaults_from', 'handlers_from'] : ['file'];
  if (task.args[isRole ? 'name' : 'file'] === undefined) return undefined;
  if (names.some((name) => isTemplate(task.args[name]))) {
    if (isRole) loading.play.hasUnforeseenHandlers = true;
    return undefined;
  }
  if (!isRole && isBeingRead(String(task.args.file), loading)) return undefined;
  if (isRole && isRoleBeingRead(source)) return undefined;
  const apart = loading.apart();
  const item = Object.fromEntries(loopNames(task).map((name) => [name, null]));
  const included = readIncluded(source, task.args, item, apart);
  const { play } = loading;
  play.notifications.push(...apart.play.notifications);
  play.foreseenHandlers.push(...included.handlers, ...apart.play.foreseenHandlers);
  play.hasUnforeseenHandlers ||= apart.play.hasUnforeseenHandlers;
  return included;
}

function fileOf(name: string, loading: Loading): string | undefined {
  return loading.resolve(name).find((one) => existsSync(one));
}

/** A file may include itself: a condition ends it when the time comes. */
function isBeingRead(name: string, loading: Loading): boolean {
  const file = fileOf(name, loading);
  return file !== undefined && loading.stack.includes(file);
}

function isRoleBeingRead({ task, loading, outer }: Source): boolean {
  const names = [outer.role?.name, ...(outer.role?.parents ?? [])];
  return names.includes(String(task.args.name)) || loading.stack.length > DEEPEST;
}

const DEEPEST = 40;

/** Files that an include with a template in its name may come to. */
function candidatesOf({ task, loading, isRole }: Source): string[] {
  const written = String(task.args[isRole ? 'name' : 'file'] ?? '');
  if (!isTemplate(written)) return [];
  const pattern = patternOf(written);
  if (!isRole) return loading.resolve(pattern).flatMap(possibleFiles);
  const folders = ['tasks', 'vars', 'defaults'].map((folder) =>
    join(loading.playbookDir, 'roles', pattern, folder, '*'),
  );
  return folders.flatMap(possibleFiles);
}
