import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kind, kinds } from '../complete/keyword-places.ts';
import type { DifferentialCase } from './case.ts';

interface PlaybookSchema {
  readonly $defs: Readonly<Record<Kind, { readonly properties: object }>>;
}

/** Every keyword that schemas/playbook.json knows, as `kind.keyword`. */
export function documentedKeywords(): string[] {
  const file = join(import.meta.dirname, '..', '..', 'schemas', 'playbook.json');
  const { $defs } = JSON.parse(readFileSync(file, 'utf8')) as PlaybookSchema;
  return kinds.flatMap((kind) => Object.keys($defs[kind].properties).map((keyword) => `${kind}.${keyword}`));
}

/** Texts of a case that hold plays or tasks, by path. */
export function playbooksOf({ playbook, files }: DifferentialCase): [path: string, text: string][] {
  return [['play.yml', playbook] as [string, string], ...Object.entries(files)].filter(([path]) =>
    /^[^/]+\.yml$|(^|\/)(tasks|handlers|meta)\/[^/]+\.yml$/.test(path),
  );
}
