import type { Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { copyPlaces } from './copy-places.ts';
import type { Inherited } from './inherited.ts';
import { isKeyword, nearestKeyword, readKeywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { nameAtLoad } from './name-at-load.ts';
import { checkNames } from './names.ts';
import { type FromFiles, filesOf } from './role-files.ts';
import { inheritFrom, varsLayer } from './surroundings.ts';

/** A place that asks for a role: an entry of `roles`, a dependency, an import or an include. A role around it hands down its variables. */
export interface RoleMention {
  readonly name: string;
  readonly span: Span | undefined;
  /** Keywords around the role's tasks, those of the mention included. */
  readonly outer: Inherited;
  /** Level 15, below the role's own file. */
  readonly vars: readonly VarLayer[];
  /** Level 20. */
  readonly params: readonly VarLayer[];
  readonly from: FromFiles;
  readonly allowDuplicates: boolean | undefined;
  /** Whether its variables are held against its specification. */
  readonly validates: boolean;
  /** The mention's own conditions and tags, by which equal mentions are told. */
  readonly own: unknown;
}

/** The entries of `roles`, or of a role's dependencies. */
export function readMentions(list: unknown, outer: Inherited, loading: Loading): RoleMention[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry, index) => readMention(entry, spanOf(list, index), outer, loading) ?? []);
}

function readMention(
  entry: unknown,
  span: Span | undefined,
  outer: Inherited,
  loading: Loading,
): RoleMention | undefined {
  const plain = { vars: [], params: [], from: {}, allowDuplicates: undefined, validates: true, own: undefined };
  if (typeof entry === 'string' || typeof entry === 'number') {
    const name = roleName(String(entry), span, outer, loading);
    return name === undefined ? undefined : { ...plain, name, span, outer };
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    loading.findings.error('wrong-type', 'a role must be a name, or a map with "role"', span, 'like `- role: redis`');
    return undefined;
  }
  const map = entry as Record<string, unknown>;
  const written = map.role ?? map.name ?? map.src;
  const at = spanOf(map, 'role' in map ? 'role' : 'name' in map ? 'name' : 'src');
  if (typeof written !== 'string' && typeof written !== 'number') {
    loading.findings.error('missing-keyword', 'a role needs "role", its name', span);
    return undefined;
  }
  const name = roleName(String(written), at, outer, loading);
  const keywords = readKeywords('role', map, map, loading.findings);
  warnOfMisspelt(map, loading);
  const params = paramsOf(map, loading);
  // Variables of a role are the role's, not its tasks': they rank by its own level.
  const inside = { ...inheritFrom(map, keywords, outer, 'role vars', loading), vars: outer.vars };
  if (name === undefined) return undefined;
  return {
    ...plain,
    name,
    span: at,
    outer: inside,
    vars: varsLayer(map.vars, `vars of role ${name}`, loading),
    params: params === undefined ? [] : [{ origin: `params of role ${name}`, vars: params }],
    own: [map.when, map.tags],
  };
}

/** A name that is not known before the run is refused. */
export function roleName(
  written: string,
  span: Span | undefined,
  inside: Inherited,
  loading: Loading,
): string | undefined {
  const instead = 'use include_role, whose name may use facts and inventory variables; or give it with vars or -e';
  return nameAtLoad({ written, span, what: 'the name of a role here', instead }, inside, loading);
}

const ownKeys = new Set(['role', 'name', 'src', 'version', 'scm']);

function paramsOf(map: Readonly<Record<string, unknown>>, loading: Loading): Record<string, unknown> | undefined {
  const params = Object.fromEntries(
    Object.entries(map).filter(([key]) => !ownKeys.has(key) && !isKeyword('role', key)),
  );
  if (Object.keys(params).length === 0) return undefined;
  copyPlaces(map, params);
  checkNames(params, 'a parameter of a role', loading.findings);
  return params;
}

/** What is no keyword is a variable for the role: a keyword with a slip of the pen would be lost without a word. */
function warnOfMisspelt(map: Readonly<Record<string, unknown>>, loading: Loading): void {
  for (const key of Object.keys(map)) {
    if (ownKeys.has(key) || isKeyword('role', key) || key.includes('_')) continue;
    const near = nearestKeyword('role', key, []);
    if (near === undefined) continue;
    const message = `"${key}" of a role is no keyword, so it becomes a variable`;
    const span = keySpanOf(map, key);
    loading.findings.add([
      { severity: 'warning', code: 'role-parameter', message, span, hint: `did you mean "${near}"?` },
    ]);
  }
}

/** `meta/main.yml`: what a role depends on, and whether it may run twice. */
export function readDependencies(
  role: { readonly name: string; readonly dir: string },
  outer: Inherited,
  inside: Loading,
  span: Span | undefined,
): { readonly mentions: readonly RoleMention[]; readonly allowDuplicates: boolean } {
  const { findings } = inside;
  const [file] = filesOf(role.dir, 'meta', undefined, span, inside);
  const meta = file === undefined ? undefined : inside.read(file, span);
  if (meta === undefined || meta === null) return { mentions: [], allowDuplicates: false };
  if (typeof meta !== 'object' || Array.isArray(meta)) {
    findings.error('wrong-type', `${file} must be a map`, spanOf(meta) ?? span);
    return { mentions: [], allowDuplicates: false };
  }
  const { dependencies, allow_duplicates } = meta as Record<string, unknown>;
  if (dependencies !== undefined && dependencies !== null && !Array.isArray(dependencies)) {
    findings.error('wrong-type', 'dependencies of a role must be a list', spanOf(meta, 'dependencies'));
  }
  return { mentions: readMentions(dependencies, outer, inside), allowDuplicates: allow_duplicates === true };
}
