import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { parseYaml } from '../source/yaml-file.ts';
import { isTemplate } from './coerce.ts';
import type { Play, Playbook } from './contract.ts';
import { type Inherited, nothingInherited } from './inherited.ts';
import { readKeywords } from './keywords.ts';
import { Loading } from './loading.ts';
import { shortName } from './module-call.ts';
import { readPlay } from './play.ts';
import { inheritFrom } from './surroundings.ts';

/** Read a playbook with everything that it imports. Throws InputError with all that is wrong with it. */
export async function loadPlaybook(file: string): Promise<Playbook> {
  const { playbook, diagnostics } = readPlaybook(file);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InputError(diagnostics);
  return playbook;
}

/** The same without an exception: with errors, the playbook holds what could be read, so that it can be checked further. */
export function readPlaybook(file: string): { playbook: Playbook; diagnostics: readonly Diagnostic[] } {
  const path = resolve(file);
  const loading = new Loading(dirname(path), [path]);
  const plays = readPlays(loading.read(path, undefined), nothingInherited, loading);
  return { playbook: { file: path, dir: dirname(path), plays }, diagnostics: loading.findings.sorted() };
}

/** A playbook that is in no file. */
export interface PlaybookText {
  /** What stands for its file in messages. */
  readonly name: string;
  readonly text: string;
}

export function readPlaybookText({ name, text }: PlaybookText): ReturnType<typeof readPlaybook> {
  const dir = resolve('.');
  const loading = new Loading(dir, [name]);
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
  const { [key]: name, ...rest } = map;
  const keywords = readKeywords('import_playbook', map, { ...rest, import_playbook: name }, findings);
  const inside = inheritFrom(map, keywords, outer, 'import_playbook vars', loading);
  const span = spanOf(map, key);
  if (typeof name !== 'string') return [];
  if (isTemplate(name)) {
    findings.error(
      'not-supported-yet',
      'a template in the name of an imported playbook is not supported yet',
      span,
      'name the file',
    );
    return [];
  }
  const file = resolve(loading.dir, name);
  if (!existsSync(file)) {
    findings.error('missing-file', `there is no playbook ${name}`, span ?? keySpanOf(map, key), `looked for ${file}`);
    return [];
  }
  const inner = loading.enter(file, span);
  return inner === undefined ? [] : readPlays(inner.read(file, span), inside, inner);
}
