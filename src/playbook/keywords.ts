import { nearest } from '../source/nearest.ts';
import { keySpanOf } from '../source/positions.ts';
import { MapCheck } from './check-map.ts';
import type { Findings } from './findings.ts';
import * as generated from './generated/keywords.ts';
import { validators } from './generated/validators.ts';
import type { KeywordKind, KeywordSchemas, NotYet } from './schema.ts';

export type Keywords = Readonly<Record<string, unknown>>;

const keywordSchemas = generated.keywordSchemas as KeywordSchemas;
const notYet = generated.notYet as NotYet;

const owners: Readonly<Record<KeywordKind, string>> = {
  play: 'a play',
  block: 'a block',
  task: 'a task',
  import_playbook: 'import_playbook',
  loop_control: 'loop_control',
  role: 'a role',
  vars_prompt: 'vars_prompt',
};

/** Check the keywords of a map against schemas/playbook.json; gives them in the types that the schema says, templates as written. */
export function readKeywords(kind: KeywordKind, source: unknown, map: Keywords, findings: Findings): Keywords {
  const known = kind === 'task' ? map : refuseNotYet(kind, source, map, findings);
  const check = new MapCheck(keywordSchemas[kind], source, false, { noun: 'keyword', owner: owners[kind] });
  const values = check.coerceAll(check.rename(known));
  check.validate(values, validators[`keywords_of_${kind}`]);
  check.relate(values);
  findings.add(check.diagnostics);
  return values;
}

function refuseNotYet(kind: KeywordKind, source: unknown, map: Keywords, findings: Findings): Keywords {
  const entries = Object.entries(map).filter(([key]) => {
    const hint = notYetHint(kind === 'play' || kind === 'loop_control' ? kind : 'task', key);
    if (hint === undefined || isKeyword(kind, key)) return true;
    findings.error('not-supported-yet', `"${key}" is not supported yet`, keySpanOf(source, key), hint);
    return false;
  });
  return Object.fromEntries(entries);
}

export function isKeyword(kind: KeywordKind, name: string): boolean {
  return Object.hasOwn(keywordSchemas[kind].properties, name);
}

/** What to do instead of something of Ansible's that is refused for now. */
export function notYetHint(kind: 'play' | 'task' | 'loop_control', name: string): string | undefined {
  return Object.hasOwn(notYet[kind], name) ? notYet[kind][name] : undefined;
}

export function nearestKeyword(kind: KeywordKind, name: string, more: Iterable<string>): string | undefined {
  return nearest(name, [...Object.keys(keywordSchemas[kind].properties), ...more]);
}
