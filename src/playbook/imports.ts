import { existsSync } from 'node:fs';
import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { checkArgs } from './arguments.ts';
import type { Entry } from './contract.ts';
import { readEntries } from './entries.ts';
import type { Inherited } from './inherited.ts';
import { isKeyword, type Keywords, nearestKeyword, notYetHint, readKeywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { readArgsOf } from './module-call.ts';
import { nameAtLoad } from './name-at-load.ts';
import { readRole } from './role.ts';
import type { FromFiles } from './role-files.ts';
import { roleName } from './role-mention.ts';
import { inheritFrom, type Place, varsLayer } from './surroundings.ts';

type EntryMap = Readonly<Record<string, unknown>>;

const INCLUDE_INSTEAD =
  'facts and inventory variables are not known yet: use include_tasks or include_role, or give it with vars or -e';

/** `import_tasks`: the file's tasks stand in its place. */
export function readImport(map: EntryMap, key: string, outer: Inherited, place: Place, loading: Loading): Entry[] {
  const { findings } = loading;
  const { [key]: name, ...rest } = map;
  const span = spanOf(map, key);
  const keywords = importKeywords('import_tasks', map, rest, loading);
  const inside = inheritFrom(map, keywords, outer, 'import vars', loading);
  const written = typeof name === 'object' && name !== null && 'file' in name ? name.file : name;
  if (typeof written !== 'string') {
    findings.error('wrong-type', 'import_tasks needs the name of a file', span);
    return [];
  }
  const what = 'the name of an imported file';
  const file = nameAtLoad({ written, span, what, instead: INCLUDE_INSTEAD }, inside, loading);
  return file === undefined ? [] : readTasksFile(file, span, inside, place, loading);
}

/** The tasks of a file, looked for where Ansible looks for it. */
export function readTasksFile(
  name: string,
  span: Span | undefined,
  inside: Inherited,
  place: Place,
  loading: Loading,
): Entry[] {
  const { findings } = loading;
  const places = loading.resolve(name);
  const file = places.find((one) => existsSync(one));
  if (file === undefined) {
    findings.error('missing-file', `there is no file ${name}`, span, `looked for ${places.join(' and ')}`);
    return [];
  }
  const inner = loading.enter(file, span);
  if (inner === undefined) return [];
  const entries = inner.read(file, span);
  if (entries !== undefined && entries !== null && !Array.isArray(entries)) {
    findings.error('wrong-type', 'a file of tasks must be a list', spanOf(entries), 'start each task with "- "');
  }
  return readEntries(entries, inside, place, inner);
}

/** `import_role`: as `roles` has it, but where it stands. */
export function readImportRole(map: EntryMap, key: string, outer: Inherited, place: Place, loading: Loading): Entry[] {
  const { findings } = loading;
  const { [key]: _call, ...rest } = map;
  const span = keySpanOf(map, key);
  const inside = inheritFrom(map, importKeywords('import_role', map, rest, loading), outer, 'import vars', loading);
  if (place === 'handlers') {
    findings.error('not-supported', 'a role cannot be a handler', span, 'name it among the tasks');
    return [];
  }
  const given = readArgsOf('include_role', map, key, findings);
  if (given === undefined) return [];
  const { args, diagnostics } = checkArgs('include_role', given, false);
  findings.add(diagnostics);
  for (const name of ['apply', 'public']) {
    if (!(name in args)) continue;
    const hint = name === 'apply' ? 'keywords on import_role go to its tasks' : 'an imported role always is';
    findings.error('unknown-argument', `import_role does not take "${name}"`, keySpanOf(args, name), hint);
  }
  const name = typeof args.name === 'string' ? roleName(args.name, spanOf(args, 'name'), inside, loading) : undefined;
  const from = fromFilesAtLoad(args, inside, loading);
  if (name === undefined || from === undefined) return [];
  const read = readRole(
    {
      name,
      span: spanOf(args, 'name'),
      outer: inside,
      vars: varsLayer(map.vars, `vars of role ${name}`, loading),
      params: [],
      from,
      allowDuplicates: args.allow_duplicates !== false,
      validates: args.rolespec_validate !== false,
      own: [map.when, map.tags],
    },
    loading,
  );
  if (read === undefined) return [];
  loading.play.roleHandlers.push(...read.handlers);
  loading.play.roleDefaults.push(...read.exposed.defaults);
  loading.play.roleVars.push(...read.exposed.vars);
  return [...read.entries];
}

/** `tasks_from` and its sisters. */
export function fromFiles(args: EntryMap): FromFiles {
  const pairs = (['tasks', 'handlers', 'vars', 'defaults'] as const).flatMap((folder) => {
    const name = args[`${folder}_from`];
    return typeof name === 'string' && name !== 'main' ? [[folder, name] as const] : [];
  });
  return Object.fromEntries(pairs);
}

/** The same for an import, whose names may be templates. */
function fromFilesAtLoad(args: EntryMap, inside: Inherited, loading: Loading): FromFiles | undefined {
  const named = Object.entries(fromFiles(args)).map(([folder, written]) => {
    const key = `${folder}_from`;
    const name = { written, span: spanOf(args, key), what: `"${key}"`, instead: INCLUDE_INSTEAD };
    return [folder, nameAtLoad(name, inside, loading)] as const;
  });
  return named.every(([, name]) => name !== undefined) ? Object.fromEntries(named) : undefined;
}

/** An import takes what a block takes. */
function importKeywords(owner: string, map: object, rest: EntryMap, loading: Loading): Keywords {
  const { findings } = loading;
  const taken = Object.entries(rest).filter(([key]) => {
    if (isKeyword('block', key) && key !== 'block') return true;
    const hint = notYetHint('task', key);
    const near = nearestKeyword('block', key, []);
    const isLoop = key === 'loop' || key.startsWith('with_');
    const span = keySpanOf(map, key);
    if (isLoop) {
      const message = `${owner} cannot loop: its tasks are put in place before the run`;
      findings.error(
        'import-loop',
        message,
        span,
        `put the loop on the tasks, or use ${owner.replace('import', 'include')}`,
      );
    } else if (isKeyword('task', key)) {
      findings.error('unknown-keyword', `${owner} does not take "${key}"`, span, 'put it on the tasks in the file');
    } else {
      const message = `unknown keyword "${key}" of ${owner}`;
      findings.error('unknown-keyword', message, span, hint ?? (near && `did you mean "${near}"?`));
    }
    return false;
  });
  return readKeywords('task', map, Object.fromEntries(taken), findings);
}
