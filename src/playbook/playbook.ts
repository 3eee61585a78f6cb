import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { parseYaml } from '../source/yaml-file.ts';
import type { Play, Playbook } from './contract.ts';
import { type Inherited, nothingInherited } from './inherited.ts';
import { readKeywords } from './keywords.ts';
import { Loading } from './loading.ts';
import { shortName } from './module-call.ts';
import { nameAtLoad } from './name-at-load.ts';
import { readPlay } from './play.ts';
import { inheritFrom } from './surroundings.ts';

/** Read a playbook with everything that it imports. Throws InputError with all that is wrong with it. */
export async function loadPlaybook(file: string, extraVars?: VarLayer): Promise<Playbook> {
  const { playbook, diagnostics } = readPlaybook(file, extraVars);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InputError(diagnostics);
  return playbook;
}

/**
 * The same without an exception: with errors, the playbook holds what could be read, so that it can be checked further. Names of
 * what is imported may be templates of `extraVars`.
 */
export function readPlaybook(
  file: string,
  extraVars?: VarLayer,
): { playbook: Playbook; diagnostics: readonly Diagnostic[] } {
  const path = resolve(file);
  const loading = new Loading(dirname(path), [path], undefined, extraVars && { extraVars });
  const plays = readPlays(loading.read(path, undefined), nothingInherited, loading);
  return { playbook: { file: path, dir: dirname(path), plays }, diagnostics: loading.findings.sorted() };
}

/** A playbook that is in no file. */
export interface PlaybookText {
  /** What stands for its file in messages. */
  readonly name: string;
  readonly text: string;
}

export function readPlaybookText({ name, text }: PlaybookText, extraVars?: VarLayer): ReturnType<typeof readPlaybook> {
  const dir = resolve('.');
  const loading = new Loading(dir, [name], undefined, extraVars && { extraVars });
  const { value, diagnostics } = parseYaml(text, name);
  loading.findings.add(diagnostics);
  const plays = readPlays(value, nothingInherited, loading);
  return { playbook: { file: name, dir, plays }, diagnostics: loading.findings.sorted() };
}

function readPlays(value: unknown, outer: Inherited, loading: Loading): Play[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const span = spanOf(value) ?? { file: loading.file, line: 1, column: 1, endLine: 1, endColumn: 1 };
    const hint = value === null ? 'the file is empty' : 'start each play with "- hosts: …"';
    loading.findings.error('wrong-type', 'a playbook is a list of plays', span, hint);
    return [];
  }
  return value.flatMap((entry, index) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      loading.findings.error('wrong-type', 'a play must be a map', spanOf(value, index), 'start it with "- hosts: …"');
      return [];
    }
    const map = entry as Record<string, unknown>;
    const importing = Object.keys(map).find((key) => shortName(key) === 'import_playbook');
    if (importing !== undefined) return importPlaybook(map, importing, outer, loading);
    const play = readPlay(map, outer, loading);
    return play === undefined ? [] : [play];
  });
}

/** Its conditions and tags go to all tasks, its variables above those of the plays. */
function importPlaybook(
  map: Readonly<Record<string, unknown>>,
  key: string,
  outer: Inherited,
  loading: Loading,
): Play[] {
  const { findings } = loading;
  const { [key]: written, ...rest } = map;
  const keywords = readKeywords('import_playbook', map, { ...rest, import_playbook: written }, findings);
  const inside = inheritFrom(map, keywords, outer, 'import_playbook vars', loading);
  const span = spanOf(map, key);
  if (typeof written !== 'string') return [];
  const what = 'the name of an imported playbook';
  const instead = 'only vars of the import and extra vars (-e) are known here';
  const name = nameAtLoad({ written, span, what, instead }, inside, loading);
  if (name === undefined) return [];
  const file = resolve(loading.dir, name);
  if (!existsSync(file)) {
    findings.error('missing-file', `there is no playbook ${name}`, span ?? keySpanOf(map, key), `looked for ${file}`);
    return [];
  }
  const inner = loading.enter(file, span);
  return inner === undefined ? [] : readPlays(inner.read(file, span), inside, inner);
}
