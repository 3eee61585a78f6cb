import type { ModuleSchema } from './schema.ts';

export interface RelationProblem {
  readonly code: 'missing-argument' | 'conflicting-arguments';
  readonly message: string;
  readonly hint?: string | undefined;
  /** The argument to point at; without it, the module's call. */
  readonly at?: string;
}

export interface Relations {
  /** How the map is called: the module's name, or "a play". */
  readonly owner: string;
  readonly values: Readonly<Record<string, unknown>>;
  isGiven(name: string): boolean;
  /** Whether the value is final: templates are judged when they are rendered. */
  isKnown(name: string): boolean;
}

/** What the arguments of a module demand of each other: required, exclusive, together. */
export function* relationProblems(schema: ModuleSchema, relations: Relations): Generator<RelationProblem> {
  const { owner, values, isGiven } = relations;
  yield* missing(schema, relations);
  for (const names of schema['x-mutually-exclusive'] ?? []) {
    const [first, second] = names.filter(isGiven);
    if (first === undefined || second === undefined) continue;
    yield {
      code: 'conflicting-arguments',
      message: `"${first}" and "${second}" of ${owner} exclude each other`,
      hint: 'keep one of them',
      at: second,
    };
  }
  for (const names of schema['x-required-together'] ?? []) {
    const absent = names.filter((name) => !isGiven(name));
    if (absent.length === 0 || absent.length === names.length) continue;
    const present = names.find(isGiven);
    yield {
      code: 'missing-argument',
      message: `${owner} takes ${list(names)} only together: ${list(absent)} missing`,
      ...(present === undefined ? {} : { at: present }),
    };
  }
  for (const rule of schema['x-required-if'] ?? []) {
    const value = values[rule.arg] ?? schema.properties[rule.arg]?.default;
    if (value !== rule.is || !relations.isKnown(rule.arg)) continue;
    for (const name of rule.then.filter((each) => !isGiven(each))) {
      const at = isGiven(rule.arg) ? { at: rule.arg } : {};
      yield {
        code: 'missing-argument',
        message: `${owner} needs "${name}" when ${rule.arg} is ${String(rule.is)}`,
        ...at,
      };
    }
  }
}

function* missing(schema: ModuleSchema, { owner, isGiven }: Relations): Generator<RelationProblem> {
  for (const name of schema.required ?? []) {
    if (isGiven(name)) continue;
    yield {
      code: 'missing-argument',
      message: `${owner} needs "${name}"`,
      hint: schema.properties[name]?.description,
      at: name,
    };
  }
  for (const names of schema['x-required-one-of'] ?? []) {
    if (!names.some(isGiven)) yield { code: 'missing-argument', message: `${owner} needs one of ${list(names)}` };
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
