import { isJsonContainer, isJsonScalar } from './json-value.ts';
import type { Compiled } from './values.ts';

export type TemplateKind = 'text' | 'expression';

/** What a template says of itself, as the build found it: it need not be compiled before it is first rendered, if ever. */
export interface ForeseenTemplate {
  readonly kind: TemplateKind;
  readonly text: string;
  readonly names: readonly string[];
  readonly guardedNames: readonly string[];
  readonly isConstant: boolean;
  /** What the parser made of it, as JSON that is read when it is first rendered; absent where JSON cannot hold it. */
  readonly parsed?: string;
}

/** For {@link ForeseenTemplate.parsed}. */
export function parsedJson(parsed: unknown): string | undefined {
  return isJson(parsed) ? JSON.stringify(parsed) : undefined;
}

/** A part that is undefined may as well be missing, but in no list. */
function isJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined || isJsonScalar(value);
  if (Array.isArray(value)) return value.every((one) => one !== undefined && isJson(one));
  return isJsonContainer(value) && Object.values(value).every(isJson);
}

const foreseen = { text: new Map<string, ForeseenTemplate>(), expression: new Map<string, ForeseenTemplate>() };

/** Only of templates that were compiled by this very version of the program, and could be. */
export function foresee(templates: Iterable<ForeseenTemplate>): void {
  for (const template of templates) foreseen[template.kind].set(template.text, template);
}

/** The template as it was foreseen, compiled when it is first rendered; undefined when it was not. */
export function compiledLater<Parsed>(
  kind: TemplateKind,
  text: string,
  compile: (parsed?: Parsed) => Compiled,
): Compiled | undefined {
  const template = foreseen[kind].get(text);
  if (template === undefined) return undefined;
  let compiled: Compiled | undefined;
  return {
    names: new Set(template.names),
    guardedNames: new Set(template.guardedNames),
    isConstant: template.isConstant,
    evaluate: (scope) => {
      compiled ??= compile(template.parsed === undefined ? undefined : (JSON.parse(template.parsed) as Parsed));
      return compiled.evaluate(scope);
    },
  };
}
