import { moduleSchemaTexts } from './generated/schemas.ts';

/** One argument of a module, or a part of one, as schemas/README.md describes it. */
export interface ArgumentSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: ArgumentSchema;
  readonly properties?: Readonly<Record<string, ArgumentSchema>>;
  readonly additionalProperties?: boolean | ArgumentSchema;
  readonly required?: readonly string[];
  readonly 'x-aliases'?: readonly string[];
  readonly 'x-format'?: string;
  readonly 'x-one-per-line'?: boolean;
  readonly 'x-secret'?: boolean;
}

/** The arguments of one module. */
export interface ModuleSchema extends ArgumentSchema {
  readonly title: string;
  readonly properties: Readonly<Record<string, ArgumentSchema>>;
  readonly 'x-check-mode'?: string;
  /** `raw`: text goes to `_raw`; else the argument that text without `name=` goes to. */
  readonly 'x-free-form'?: string;
  readonly 'x-mutually-exclusive'?: readonly (readonly string[])[];
  readonly 'x-required-if'?: readonly RequiredIf[];
  readonly 'x-required-one-of'?: readonly (readonly string[])[];
  readonly 'x-required-together'?: readonly (readonly string[])[];
  /** Arguments that Ansible's module has and ours refuses, each with a word to the user. */
  readonly 'x-unsupported'?: Readonly<Record<string, string>>;
}

export interface RequiredIf {
  readonly arg: string;
  readonly is: unknown;
  readonly then: readonly string[];
}

export const schemaNames: readonly string[] = Object.keys(moduleSchemaTexts);

const parsed = new Map<string, ModuleSchema>();

/** The schema of a module, `undefined` when there is no module of that name. */
export function schemaOf(module: string): ModuleSchema | undefined {
  const known = parsed.get(module);
  if (known !== undefined) return known;
  if (!Object.hasOwn(moduleSchemaTexts, module)) return undefined;
  const schema: ModuleSchema = JSON.parse(moduleSchemaTexts[module] ?? '');
  parsed.set(module, schema);
  return schema;
}

const namesOf = new WeakMap<ModuleSchema, ReadonlyMap<string, string>>();

/** Every name under which an argument may be written, to its own name. */
export function argumentNames(schema: ModuleSchema): ReadonlyMap<string, string> {
  const known = namesOf.get(schema);
  if (known !== undefined) return known;
  const names = new Map<string, string>();
  for (const [name, part] of Object.entries(schema.properties)) {
    names.set(name, name);
    for (const alias of part['x-aliases'] ?? []) names.set(alias, name);
  }
  namesOf.set(schema, names);
  return names;
}

/** The part of a schema that describes the value at a path of keys and indices. */
export function partAt(
  schema: ArgumentSchema | undefined,
  path: readonly (string | number)[],
): ArgumentSchema | undefined {
  let part = schema;
  for (const key of path) {
    if (part === undefined) return undefined;
    const rest: unknown = part.additionalProperties;
    const open = typeof rest === 'object' && rest !== null ? (rest as ArgumentSchema) : undefined;
    part = typeof key === 'number' ? part.items : (part.properties?.[key] ?? open);
  }
  return part;
}

/** The keywords of plays, blocks, tasks…, from schemas/playbook.json. */
export type KeywordKind = 'play' | 'block' | 'task' | 'import_playbook' | 'loop_control' | 'role' | 'vars_prompt';
export type KeywordSchemas = Readonly<Record<KeywordKind, ModuleSchema>>;
/** Keywords and modules of Ansible that are refused for now, each with what to do instead. */
export type NotYet = Readonly<Record<'play' | 'task' | 'loop_control', Readonly<Record<string, string>>>>;
