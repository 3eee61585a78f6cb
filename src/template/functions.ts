import { type Scope, TemplateError, type Unknown } from './values.ts';

/** How a template file is rendered. */
export interface DocumentOptions {
  /** Drop the line end behind a block tag. True unless told, as in Ansible's template module. */
  readonly trimBlocks?: boolean;
  /** Drop the space before a block tag that begins its line. */
  readonly lstripBlocks?: boolean;
  /** Line ends of the result; `\n` unless told. */
  readonly newline?: string;
}

export type RenderDocument = (text: string, scope: Scope, options?: DocumentOptions) => string | Unknown;

/** What a filter, test or lookup may reach besides its arguments. */
export interface Context {
  readonly scope: Scope;
  filter(name: string, value: unknown, positional: readonly unknown[], named: ReadonlyMap<string, unknown>): unknown;
  test(name: string, value: unknown, positional: readonly unknown[]): boolean;
  renderDocument: RenderDocument;
}

/** A filter, test, method or global function. `parameters` come behind the value that it is applied to. */
export interface Definition {
  readonly parameters: readonly string[];
  /** The last parameter takes all further positional arguments as a list. */
  readonly rest: boolean;
  /** All named arguments that are not parameters go into one map, given last. */
  readonly namedRest: boolean;
  /** Undefined and unknown values are handed over instead of ending the evaluation. */
  readonly lenient: boolean;
  readonly call: (context: Context, value: unknown, args: readonly unknown[]) => unknown;
}

type Call = (value: never, ...args: never[]) => unknown;
type ContextCall = (context: Context, value: never, ...args: never[]) => unknown;

/** Parameters are written as in Python: `'separator attribute'`, `'*lists recursive'`, `'**names'`. */
export function define(parameters: string, call: Call): Definition {
  const apply = call as (value: unknown, ...args: unknown[]) => unknown;
  return { ...signature(parameters), lenient: false, call: (_context, value, args) => apply(value, ...args) };
}

export function defineWithContext(parameters: string, call: ContextCall): Definition {
  const apply = call as (context: Context, value: unknown, ...args: unknown[]) => unknown;
  return { ...signature(parameters), lenient: false, call: (context, value, args) => apply(context, value, ...args) };
}

export function lenient(definition: Definition): Definition {
  return { ...definition, lenient: true };
}

function signature(text: string): Pick<Definition, 'parameters' | 'rest' | 'namedRest'> {
  const words = text.split(' ').filter(Boolean);
  const parameters = words.filter((word) => !word.startsWith('**')).map((word) => word.replace('*', ''));
  return { parameters, rest: /(?:^| )\*\w/.test(text), namedRest: text.includes('**') };
}

/** Put positional and named arguments in the order of the parameters; what is not given stays `undefined`. */
export function bind(
  name: string,
  definition: Definition,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): unknown[] {
  const { parameters, rest, namedRest } = definition;
  if (named.size === 0 && !rest && !namedRest && positional.length <= parameters.length) return [...positional];
  const bound: unknown[] = new Array(parameters.length).fill(undefined);
  const restAt = rest ? 0 : parameters.length;
  if (rest) bound[restAt] = [...positional];
  else {
    if (positional.length > parameters.length) {
      const most = parameters.length === 1 ? '1 argument' : `${parameters.length} arguments`;
      throw new TemplateError(`${name} takes at most ${most}, ${positional.length} given`);
    }
    positional.forEach((value, index) => {
      bound[index] = value;
    });
  }
  const others: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of named) {
    const index = parameters.indexOf(key);
    if (index >= 0 && index !== (rest ? restAt : -1)) bound[index] = value;
    else if (namedRest) others[key] = value;
    else throw new TemplateError(`${name} has no argument '${key}'${takes(parameters)}`);
  }
  return namedRest ? [...bound, others] : bound;
}

function takes(parameters: readonly string[]): string {
  return parameters.length === 0 ? ': it takes none' : `: it takes ${parameters.join(', ')}`;
}
