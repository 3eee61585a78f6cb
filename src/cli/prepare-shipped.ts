import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../package/root.ts';
import { compileSite } from '../playbook/check-site.ts';
import { templatesIn } from '../playbook/sites.ts';
import { recordOf } from '../source/places-record.ts';
import { type PreparedYaml, preparedName } from '../source/prepared-yaml.ts';
import { parseYaml } from '../source/yaml-file.ts';
import { type ForeseenTemplate, parsedJson, type TemplateKind } from '../template/foreseen.ts';
import { parsedTemplate } from '../template/template.ts';

/** Keywords and arguments that hold expressions. */
const EXPRESSIONS = new Set(['when', 'that', 'until', 'changed_when', 'failed_when', 'var']);

/** What the build makes of the playbooks that come with the package: names of files and what to put into them. */
export function prepareShipped(): ReadonlyMap<string, string> {
  const directory = packageFile('playbooks');
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yml'));
  const made = new Map<string, string>();
  for (const name of files.sort()) {
    const text = readFileSync(join(directory, name), 'utf8');
    const prepared = prepareYaml(text, name);
    if (prepared !== undefined) made.set(preparedName(text), JSON.stringify(prepared));
  }
  return made;
}

/** Undefined for a text with mistakes in it, or with what JSON cannot hold. */
export function prepareYaml(text: string, name: string): PreparedYaml | undefined {
  const { documents, value, diagnostics } = parseYaml(text, name);
  const record = recordOf(value);
  if (diagnostics.length > 0 || documents.length !== 1 || record === undefined) return undefined;
  return { value, ...record, templates: [...templatesOf(value)] };
}

/** A text may be both, if it stands in two places. */
function templatesOf(value: unknown): Iterable<ForeseenTemplate> {
  const found = new Map<string, ForeseenTemplate>();
  const add = (kind: TemplateKind, text: string) => {
    const compiled = compileSite({ text, kind: kind === 'text' ? 'template' : 'expression', span: undefined });
    if (!('names' in compiled)) return;
    const { names, guardedNames, isConstant } = compiled;
    const parsed = parsedJson(parsedTemplate(kind, text));
    const known = { kind, text, names: [...names], guardedNames: [...guardedNames], isConstant };
    found.set(`${kind} ${text}`, { ...known, ...(parsed !== undefined && { parsed }) });
  };
  for (const { text } of templatesIn(value, undefined)) add('text', text);
  for (const text of expressionsIn(value)) add('expression', text);
  return found.values();
}

function* expressionsIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    if (EXPRESSIONS.has(key)) yield* [each].flat().filter((one) => typeof one === 'string');
    yield* expressionsIn(each);
  }
}
