import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { specTask } from './argument-specs.ts';
import { type Entry, type Exposed, type Handler, isHandler, type Role } from './contract.ts';
import { readEntries } from './entries.ts';
import type { Inherited } from './inherited.ts';
import type { Loading } from './loading.ts';
import { type FromFiles, filesOf, findRole, roleVariables } from './role-files.ts';
import { type RoleMention, readDependencies } from './role-mention.ts';

/** A role that is being read, with the variables that what it depends on sees of it. */
interface OwnRole {
  readonly name: string;
  readonly dir: string;
  readonly defaults: readonly VarLayer[];
  readonly vars: readonly VarLayer[];
  readonly params: readonly VarLayer[];
}

export interface ReadRole {
  /** Its dependencies' tasks, then its own, each role as one entry. */
  readonly entries: readonly Entry[];
  readonly handlers: readonly Handler[];
  readonly exposed: Exposed;
}

/** Read a role that is mentioned, and all that it depends on. What is wrong with it is a finding; undefined: there is no role. */
export function readRole(mention: RoleMention, loading: Loading, chain: readonly OwnRole[] = []): ReadRole | undefined {
  const { name, span, from, outer } = mention;
  const dir = findRole(name, span, loading);
  if (dir === undefined) return undefined;
  if (chain.some((role) => role.dir === dir)) {
    const way = [...chain.map((role) => role.name), name].join(' → ');
    loading.findings.error('role-cycle', `role ${name} depends on itself`, span, way);
    return undefined;
  }
  const place = { name: basename(name), dir };
  const inside = loading.inRole({ dir, folder: 'tasks' });
  const meta = readDependencies(place, outer, inside, span);
  const own: OwnRole = {
    ...place,
    defaults: roleVariables(place, 'defaults', from.defaults, span, loading),
    vars: [...mention.vars, ...roleVariables(place, 'vars', from.vars, span, loading)],
    params: mention.params,
  };
  // Dependencies see the variables of the role that needs them, and it sees theirs.
  const dependencies = meta.mentions.flatMap((one) => readRole(one, inside, [...chain, own]) ?? []);
  const role = roleOf(mention, meta.allowDuplicates, own, chain, dependencies);
  const within: Inherited = { ...outer, role };
  return {
    entries: [...dependencies.flatMap(({ entries }) => entries), ...readTasks(role, mention, within, inside)],
    handlers: [...dependencies.flatMap(({ handlers }) => handlers), ...readHandlers(role, from, span, within, loading)],
    exposed: {
      defaults: [...dependencies.flatMap(({ exposed }) => exposed.defaults), ...own.defaults],
      vars: [...dependencies.flatMap(({ exposed }) => exposed.vars), ...own.vars],
    },
  };
}

function roleOf(
  mention: RoleMention,
  declaresDuplicates: boolean,
  own: OwnRole,
  chain: readonly OwnRole[],
  dependencies: readonly ReadRole[],
): Role {
  const around = mention.outer.role;
  return {
    name: own.name,
    dir: own.dir,
    defaults: [
      ...dependencies.flatMap(({ exposed }) => exposed.defaults),
      ...(around?.defaults ?? []),
      ...chain.flatMap(({ defaults }) => defaults),
      ...own.defaults,
    ],
    vars: [
      ...(around?.vars ?? []),
      ...chain.flatMap(({ vars }) => vars),
      ...dependencies.flatMap(({ exposed }) => exposed.vars),
      ...own.vars,
    ],
    params: [...(around?.params ?? []), ...chain.flatMap(({ params }) => params), ...own.params],
    parents: around ? [around.name, ...around.parents] : [],
    dependencies: dependencies.flatMap(({ entries }) => entries.flatMap(nameOfRole)),
    key: keyOf(own.dir, mention),
    allowDuplicates: mention.allowDuplicates ?? declaresDuplicates,
  };
}

function nameOfRole(entry: Entry): string[] {
  return entry.kind === 'role' ? [entry.role.name] : [];
}

/** Equal for mentions of one role with the same parameters, conditions and tags. */
function keyOf(dir: string, { params, vars, from, own }: RoleMention): string {
  const asked = JSON.stringify([dir, params.map((one) => one.vars), vars.map((one) => one.vars), from, own]);
  return createHash('sha256').update(asked).digest('hex');
}

function readTasks(role: Role, mention: RoleMention, within: Inherited, inside: Loading): Entry[] {
  const { from, span, validates } = mention;
  const [file] = filesOf(role.dir, 'tasks', from.tasks, span, inside);
  const at = span ?? { file: file ?? role.dir, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const first = validates ? specTask(role, from.tasks, within, inside) : [];
  const tasks = [...first, ...(file === undefined ? [] : readFile(file, 'tasks', span, within, inside))];
  return [{ kind: 'role', role, tasks, span: at }];
}

function readHandlers(
  role: Role,
  from: FromFiles,
  span: Span | undefined,
  within: Inherited,
  loading: Loading,
): Handler[] {
  const inside = loading.inRole({ dir: role.dir, folder: 'handlers' });
  const [file] = filesOf(role.dir, 'handlers', from.handlers, span, inside);
  if (file === undefined) return [];
  return readFile(file, 'handlers', span, within, inside).filter(isHandler);
}

function readFile(
  file: string,
  place: 'tasks' | 'handlers',
  span: Span | undefined,
  within: Inherited,
  loading: Loading,
): Entry[] {
  const inner = loading.enter(file, span);
  if (inner === undefined) return [];
  const entries = inner.read(file, span);
  if (entries !== undefined && entries !== null && !Array.isArray(entries)) {
    const hint = 'start each task with "- "';
    loading.findings.error('wrong-type', 'a file of tasks must be a list', spanOf(entries) ?? span, hint);
  }
  return readEntries(entries, within, place, inner);
}
