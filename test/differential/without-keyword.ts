import { keywordsElsewhere } from '../complete/elsewhere.ts';
import { type Kind, withoutKeyword } from '../complete/keyword-places.ts';
import type { DifferentialCase } from './case.ts';
import { documentedKeywords, playbooksOf } from './documented-keywords.ts';

/** A case that has a keyword, and the same one without it. */
export interface Pair {
  readonly whole: DifferentialCase;
  readonly part: DifferentialCase;
}

/** Every keyword that cases can show, `kind.keyword`, with the case that stands for it. */
export function caseOfKeywords(cases: readonly DifferentialCase[]): (readonly [name: string, pair: Pair])[] {
  const names = documentedKeywords().filter((name) => !Object.hasOwn(keywordsElsewhere, name));
  return names.flatMap((name) => {
    const pair = caseWithout(name, cases);
    return pair === undefined ? [] : [[name, pair] as const];
  });
}

/** The case that stands for a keyword, `kind.keyword`: the one that says so, or else the shortest on this machine that has it. */
function caseWithout(name: string, cases: readonly DifferentialCase[]): Pair | undefined {
  const said = cases.filter(({ shows }) => shows.includes(name));
  const fit = cases.filter(({ where, differs }) => where === 'local' && Object.keys(differs).length === 0);
  const pairs = (said.length > 0 ? said : fit).flatMap((whole) => pairOf(name, whole));
  return pairs.sort((a, b) => sizeOf(a.whole) - sizeOf(b.whole))[0];
}

function pairOf(name: string, whole: DifferentialCase): Pair[] {
  const [kind, keyword] = name.split('.') as [Kind, string];
  const shorter = playbooksOf(whole).flatMap(([path, text]) => {
    const without = withoutKeyword(text, kind, keyword);
    return without === undefined ? [] : [[path, without] as const];
  });
  if (shorter.length === 0) return [];
  const { 'play.yml': playbook = whole.playbook, ...files } = Object.fromEntries(shorter);
  return [{ whole, part: { ...whole, playbook, files: { ...whole.files, ...files } } }];
}

function sizeOf({ playbook, files }: DifferentialCase): number {
  return [playbook, ...Object.values(files)].join('').length;
}
