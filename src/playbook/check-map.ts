import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { nearest } from '../source/nearest.ts';
import { keySpanOf, sourceText, spanOf } from '../source/positions.ts';
import { relationProblems } from './argument-relations.ts';
import { type Coercion, coerce, isTemplate } from './coerce.ts';
import { copyPlaces } from './copy-places.ts';
import { type ArgumentSchema, argumentNames, type ModuleSchema } from './schema.ts';
import type { Validator } from './validator.ts';
import { explainViolation } from './violations.ts';

/** How the entries of a map are called in messages: arguments of `file`, keywords of `a play`. */
export interface Wording {
  readonly noun: 'argument' | 'keyword';
  readonly owner: string;
}

type Path = readonly (string | number)[];

/** Holds a map against the schema of a module or of keywords; one mistake gives one finding, on its own line. */
export class MapCheck {
  readonly diagnostics: Diagnostic[] = [];
  /** Arguments that have a finding already; one mistake gives one message. */
  private readonly faulty = new Set<string>();
  /** Own name to the name that was written. */
  private readonly written = new Map<string, string>();
  /** Own names that a misspelt one probably meant: not missing as well. */
  private readonly misspelt = new Set<string>();
  private readonly schema: ModuleSchema;
  private readonly source: unknown;
  private readonly strict: boolean;
  private readonly wording: Wording;

  constructor(schema: ModuleSchema, source: unknown, strict: boolean, wording: Wording) {
    this.schema = schema;
    this.wording = wording;
    this.source = source;
    this.strict = strict;
  }

  /** Aliases become own names; unknown names are findings. Positions move along. */
  rename(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const names = argumentNames(this.schema);
    const named: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(args)) {
      const own = names.get(key) ?? (this.schema.additionalProperties === false ? undefined : key);
      if (own === undefined) {
        // What is refused by name is refused again when its turn comes, should this be but a warning.
        if (this.reportUnknown(key, names) === 'refused') named[key] = value;
        continue;
      }
      const other = this.written.get(own);
      if (other !== undefined) {
        this.report(
          own,
          `duplicate-${this.wording.noun}`,
          `"${key}" and "${other}" are the same ${this.wording.noun}`,
          {
            span: keySpanOf(this.source, key),
            hint: `keep one of them`,
          },
        );
        continue;
      }
      this.written.set(own, key);
      // An empty value is Ansible's way of not giving an argument.
      if (value !== null && value !== undefined) named[own] = value;
    }
    this.movePlaces(named);
    return named;
  }

  private movePlaces(named: object): void {
    copyPlaces(this.source, named, this.written);
  }

  private reportUnknown(key: string, names: ReadonlyMap<string, string>): 'refused' | 'unknown' {
    const span = keySpanOf(this.source, key);
    const { noun, owner } = this.wording;
    const refused = this.schema['x-unsupported'];
    if (refused !== undefined && Object.hasOwn(refused, key)) {
      const message = `${noun} "${key}" of ${owner} is not supported`;
      this.diagnostics.push({ severity: 'error', code: `unsupported-${noun}`, message, span, hint: refused[key] });
      return 'refused';
    }
    const near = nearest(key, names.keys());
    this.misspelt.add(names.get(near ?? '') ?? '');
    const known = Object.keys(this.schema.properties).filter((name) => !name.startsWith('_'));
    this.diagnostics.push({
      severity: 'error',
      code: `unknown-${noun}`,
      message: `unknown ${noun} "${key}" of ${owner}`,
      span,
      hint: near === undefined ? `it takes: ${known.join(', ')}` : `did you mean "${near}"?`,
    });
    return 'unknown';
  }

  coerceAll(named: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(named)) {
      const part = this.schema.properties[name] ?? openPart(this.schema);
      values[name] = part === undefined ? value : coerce(part, value, this.coercion(), [name]);
    }
    return values;
  }

  private coercion(): Coercion {
    return {
      strict: this.strict,
      writtenAt: (path) => this.writtenAt(path),
      report: ({ path, problem, hint }) =>
        this.report(String(path[0]), 'wrong-type', `${this.display(path)}: ${problem}`, {
          span: this.spanAt(path),
          hint,
        }),
    };
  }

  validate(values: Readonly<Record<string, unknown>>, validator: Validator | undefined): void {
    if (validator === undefined || validator(values)) return;
    for (const violation of validator.errors ?? []) {
      const found = explainViolation(violation, this.schema, values);
      const [first] = found.path;
      if (first === undefined || this.faulty.has(String(first))) continue;
      if (!this.strict && found.isTemplate) continue;
      const span = found.key === undefined ? this.spanAt(found.path) : this.keySpanAt(found.path, found.key);
      this.diagnostics.push({
        severity: 'error',
        code: found.code.replace('argument', this.wording.noun),
        message: `${this.display(found.path)} ${found.problem}`.trim(),
        span,
        hint: found.hint,
      });
    }
  }

  relate(values: Readonly<Record<string, unknown>>): void {
    const relations = {
      owner: this.wording.owner,
      values,
      isGiven: (name: string) => values[name] !== undefined || this.misspelt.has(name),
      isKnown: (name: string) => this.strict || !isTemplate(values[name]),
    };
    for (const problem of relationProblems(this.schema, relations)) {
      const at = this.written.get(problem.at ?? '');
      this.diagnostics.push({
        severity: 'error',
        code: problem.code.replace('argument', this.wording.noun),
        message: problem.message,
        span: at === undefined ? spanOf(this.source) : keySpanOf(this.source, at),
        hint: problem.hint,
      });
    }
  }

  private report(
    name: string,
    code: string,
    message: string,
    more: { span: Span | undefined; hint?: string | undefined },
  ): void {
    this.faulty.add(name);
    this.diagnostics.push({ severity: 'error', code, message, ...more });
  }

  /** The argument as the user wrote it: `nodes[0].port`. */
  private display(path: Path): string {
    const [first, ...rest] = path;
    const name = this.written.get(String(first)) ?? String(first);
    return rest.reduce<string>((text, key) => text + (typeof key === 'number' ? `[${key}]` : `.${key}`), name);
  }

  private containerAt(path: Path): { container: unknown; key: string | number } {
    let container: unknown = this.source;
    let key: string | number = this.written.get(String(path[0])) ?? String(path[0]);
    for (const next of path.slice(1)) {
      const inner = child(container, key);
      if (typeof inner !== 'object' || inner === null) break;
      container = inner;
      key = next;
    }
    return { container, key };
  }

  private spanAt(path: Path): Span | undefined {
    const { container, key } = this.containerAt(path);
    return spanOf(container, key);
  }

  private keySpanAt(path: Path, key: string): Span | undefined {
    const at = this.containerAt([...path, key]);
    return keySpanOf(at.container, at.key);
  }

  private writtenAt(path: Path): string | undefined {
    const { container, key } = this.containerAt(path);
    return sourceText(container, key);
  }
}

function child(container: unknown, key: string | number): unknown {
  return typeof container === 'object' && container !== null
    ? (container as Record<string | number, unknown>)[key]
    : undefined;
}

function openPart(schema: ArgumentSchema): ArgumentSchema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
