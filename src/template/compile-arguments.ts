import type { Evaluate } from './compile-expression.ts';
import { entries } from './dict-methods.ts';
import type { Frame } from './frame.ts';
import { elements, isMapping } from './kinds.ts';
import type { CallArguments, Expression } from './syntax.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

export interface EvaluatedArguments {
  readonly positional: readonly unknown[];
  readonly named: ReadonlyMap<string, unknown>;
}

const noNames: ReadonlyMap<string, unknown> = new Map();
const nothing: EvaluatedArguments = { positional: [], named: noNames };

/** Closures for the arguments of a call, filter or test. */
export function compileArguments(
  args: CallArguments,
  locals: ReadonlySet<string>,
  compile: (node: Expression, locals: ReadonlySet<string>) => Evaluate,
): (frame: Frame) => EvaluatedArguments {
  const { restPositional, restNamed } = args;
  const positional = args.positional.map((node) => compile(node, locals));
  const named = args.named.map(([name, node]) => [name, compile(node, locals)] as const);
  if (restPositional === undefined && restNamed === undefined && named.length === 0) {
    if (positional.length === 0) return () => nothing;
    return (frame) => ({ positional: positional.map((argument) => argument(frame)), named: noNames });
  }
  const list = restPositional === undefined ? undefined : compile(restPositional, locals);
  const map = restNamed === undefined ? undefined : compile(restNamed, locals);
  return (frame) => {
    const values = positional.map((argument) => argument(frame));
    if (list !== undefined) values.push(...elements(list(frame)));
    const names = new Map<string, unknown>(named.map(([name, argument]) => [name, argument(frame)]));
    if (map !== undefined) {
      const given = known(map(frame));
      if (!isMapping(given)) throw new TemplateError('** needs a map');
      for (const [name, value] of entries(given)) names.set(name, value);
    }
    return { positional: values, named: names };
  };
}
