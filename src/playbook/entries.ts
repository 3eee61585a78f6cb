import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { type Entry, metaActions } from './contract.ts';
import { readImport, readImportRole } from './imports.ts';
import { readInclude } from './includes.ts';
import type { Inherited } from './inherited.ts';
import { readKeywords } from './keywords.ts';
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
  const role = named.get('import_role');
  if (role !== undefined) return readImportRole(map, role, outer, place, loading);
  const including = named.get('include_tasks') ?? named.get('include_role');
  if (including !== undefined) return readInclude(map, including, outer, place, loading);
  const task = readTask(map, outer, place, loading);
  return task === undefined ? [] : [task];
}

function readBlock(map: Record<string, unknown>, outer: Inherited, place: Place, loading: Loading): Entry[] {
  if (place === 'handlers') {
    loading.findings.error(
      'not-supported',
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
    findings.error('not-supported', 'meta cannot be a handler', keySpanOf(map, key), 'use it among the tasks');
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
  const { when, tags, vars, role, params } = inheritFrom(map, keywords, outer, 'task vars', loading);
  const action = metaActions.find((one) => one === written);
  const span = spanOf(map);
  return action === undefined || span === undefined
    ? []
    : [{ kind: 'meta', action, when, tags, vars, role, params, span }];
}
