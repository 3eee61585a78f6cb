import { existsSync } from 'node:fs';
import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Entry, Meta } from './contract.ts';
import type { Inherited } from './inherited.ts';
import { isKeyword, type Keywords, nearestKeyword, notYetHint, readKeywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { shortName } from './module-call.ts';
import { inheritFrom, type Place } from './surroundings.ts';
import { readTask } from './task.ts';

/** A list of tasks, blocks and imports, with everything inherited put into the tasks. What is no list has been reported. */
export function readEntries(value: unknown, outer: Inherited, place: Place, loading: Loading): Entry[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry, index) => readEntry(entry, spanOf(value, index), outer, place, loading));
}

function readEntry(entry: unknown, span: Span | undefined, outer: Inherited, place: Place, loading: Loading): Entry[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    const message = `a task must be a map, not ${entry === null ? 'empty' : JSON.stringify(entry)}`;
    loading.findings.error('wrong-type', message, span);
    return [];
  }
  const map = entry as Record<string, unknown>;
  const named = new Map(Object.keys(map).map((key) => [shortName(key), key]));
  if (named.has('block')) return readBlock(map, outer, place, loading);
  for (const key of ['rescue', 'always']) {
    if (!named.has(key)) continue;
    loading.findings.error('missing-keyword', `"${key}" needs a "block" beside it`, keySpanOf(map, key));
    return [];
  }
  const meta = named.get('meta');
  if (meta !== undefined) return readMeta(map, meta, outer, place, loading);
  const importing = named.get('import_tasks');
  if (importing !== undefined) return readImport(map, importing, outer, place, loading);
  const task = readTask(map, outer, place, loading);
  return task === undefined ? [] : [task];
}

function readBlock(map: Record<string, unknown>, outer: Inherited, place: Place, loading: Loading): Entry[] {
  if (place === 'handlers') {
    loading.findings.error(
      'not-supported-yet',
      'a block cannot be a handler',
      keySpanOf(map, 'block'),
      'make its tasks handlers that listen to one topic',
    );
    return [];
  }
  const keywords = readKeywords('block', map, map, loading.findings);
  const inside = inheritFrom(map, keywords, outer, 'block vars', loading);
  const list = (key: string) => readEntries(map[key], inside, place, loading);
  const span = spanOf(map);
  if (span === undefined) return [];
  const name = typeof keywords.name === 'string' ? keywords.name : undefined;
  return [{ kind: 'block', name, tasks: list('block'), rescue: list('rescue'), always: list('always'), span }];
}

const metaActions: readonly Meta['action'][] = [
  'flush_handlers',
  'end_play',
  'end_host',
  'clear_host_errors',
  'noop',
  'reset_connection',
];
const metaKeywords = new Set(['name', 'when', 'tags', 'vars']);

function readMeta(
  map: Record<string, unknown>,
  key: string,
  outer: Inherited,
  place: Place,
  loading: Loading,
): Entry[] {
  const { findings } = loading;
  if (place === 'handlers') {
    findings.error('not-supported-yet', 'meta cannot be a handler yet', keySpanOf(map, key), 'use it among the tasks');
    return [];
  }
  const { [key]: written, ...rest } = map;
  for (const other of Object.keys(rest)) {
    if (metaKeywords.has(other)) continue;
    findings.error(
      'unknown-keyword',
      `meta does not take "${other}"`,
      keySpanOf(map, other),
      `it takes ${[...metaKeywords].join(', ')}`,
    );
  }
  const taken = Object.fromEntries(Object.entries(rest).filter(([other]) => metaKeywords.has(other)));
  const keywords = readKeywords('task', map, { ...taken, meta: written }, findings);
  const { when, tags, vars } = inheritFrom(map, keywords, outer, 'task vars', loading);
  const action = metaActions.find((one) => one === written);
  const span = spanOf(map);
  return action === undefined || span === undefined ? [] : [{ kind: 'meta', action, when, tags, vars, span }];
}

function readImport(
  map: Record<string, unknown>,
  key: string,
  outer: Inherited,
  place: Place,
  loading: Loading,
): Entry[] {
  const { findings } = loading;
  const { [key]: name, ...rest } = map;
  const span = spanOf(map, key);
  const inside = inheritFrom(map, importKeywords(map, rest, loading), outer, 'import vars', loading);
  const written = typeof name === 'object' && name !== null && 'file' in name ? name.file : name;
  if (typeof written !== 'string') {
    findings.error('wrong-type', 'import_tasks needs the name of a file', span);
    return [];
  }
  if (isTemplate(written)) {
    findings.error(
      'not-supported-yet',
      'a template in the name of an imported file is not supported yet',
      span,
      'name the file, and put a condition on the import',
    );
    return [];
  }
  const places = loading.resolve(written);
  const file = places.find((one) => existsSync(one));
  if (file === undefined) {
    findings.error('missing-file', `there is no file ${written}`, span, `looked for ${places.join(' and ')}`);
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

/** An import takes what a block takes: its file's tasks stand in its place. */
function importKeywords(map: object, rest: Readonly<Record<string, unknown>>, loading: Loading): Keywords {
  const { findings } = loading;
  const taken = Object.entries(rest).filter(([key]) => {
    if (isKeyword('block', key) && key !== 'block') return true;
    const hint = notYetHint('task', key);
    const near = nearestKeyword('block', key, []);
    const isLoop = key === 'loop' || key.startsWith('with_');
    if (isLoop)
      findings.error(
        'import-loop',
        'import_tasks cannot loop: its tasks are put in place before the run',
        keySpanOf(map, key),
        'put the loop on the tasks',
      );
    else if (isKeyword('task', key))
      findings.error(
        'unknown-keyword',
        `import_tasks does not take "${key}"`,
        keySpanOf(map, key),
        'put it on the tasks in the file',
      );
    else
      findings.error(
        'unknown-keyword',
        `unknown keyword "${key}" of import_tasks`,
        keySpanOf(map, key),
        hint ?? (near && `did you mean "${near}"?`),
      );
    return false;
  });
  return readKeywords('task', map, Object.fromEntries(taken), findings);
}
