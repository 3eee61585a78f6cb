import type { Compiled } from './values.ts';

export type TemplateKind = 'text' | 'expression';

/** What a template says of itself, as the build found it: it need not be compiled before it is first rendered, if ever. */
export interface ForeseenTemplate {
  readonly kind: TemplateKind;
  readonly text: string;
  readonly names: readonly string[];
  readonly guardedNames: readonly string[];
  readonly isConstant: boolean;
}

const foreseen = { text: new Map<string, ForeseenTemplate>(), expression: new Map<string, ForeseenTemplate>() };

/** Only of templates that were compiled by this very version of the program, and could be. */
export function foresee(templates: Iterable<ForeseenTemplate>): void {
  for (const template of templates) foreseen[template.kind].set(template.text, template);
}

/** The template as it was foreseen, compiled when it is first rendered; undefined when it was not. */
export function compiledLater(kind: TemplateKind, text: string, compile: () => Compiled): Compiled | undefined {
  const template = foreseen[kind].get(text);
  if (template === undefined) return undefined;
  let compiled: Compiled | undefined;
  return {
    names: new Set(template.names),
    guardedNames: new Set(template.guardedNames),
    isConstant: template.isConstant,
    evaluate: (scope) => {
      compiled ??= compile();
      return compiled.evaluate(scope);
    },
  };
}
