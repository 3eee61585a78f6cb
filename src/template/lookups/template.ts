import { entryOf, isMapping, isTrue, keysOf } from '../kinds.ts';
import { UnknownReached } from '../undefined.ts';
import { type Scope, Unknown } from '../values.ts';
import { readNamed } from './files.ts';
import { allowOptions, type Lookup, textTerms } from './terms.ts';

/** `lookup('template', file)`: the rendered text of a template file. */
export const templateLookup: Lookup = (context, terms, options) => {
  allowOptions('template', options, ['template_vars', 'trim_blocks', 'lstrip_blocks', 'convert_data']);
  const scope = withVariables(context.scope, options.template_vars);
  return textTerms(terms).map((name) => {
    const text = context.renderDocument(readNamed(context.scope, name, 'templates'), scope, {
      trimBlocks: isTrue(options.trim_blocks ?? true),
      lstripBlocks: isTrue(options.lstrip_blocks ?? false),
    });
    if (text instanceof Unknown) throw new UnknownReached(text);
    return text;
  });
};

function withVariables(scope: Scope, variables: unknown): Scope {
  if (!isMapping(variables)) return scope;
  return {
    lookup: (name) => entryOf(variables, name) ?? scope.lookup(name),
    wordTruth: (name) => (entryOf(variables, name) === undefined ? scope.wordTruth?.(name) : undefined),
    names: () => [...keysOf(variables), ...scope.names()],
    baseDir: scope.baseDir,
  };
}
