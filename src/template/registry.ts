import { addressFilters } from './filters/addresses.ts';
import { dataFilters } from './filters/data.ts';
import { dictFilters } from './filters/dicts.ts';
import { listFilters } from './filters/lists.ts';
import { numberFilters } from './filters/numbers.ts';
import { pathFilters } from './filters/paths.ts';
import { queryFilters } from './filters/query.ts';
import { regexFilters } from './filters/regex.ts';
import { selectFilters } from './filters/select.ts';
import { setFilters } from './filters/sets.ts';
import { textFilters } from './filters/text.ts';
import { timeFilters } from './filters/time.ts';
import { valueFilters } from './filters/values.ts';
import { vaultFilters } from './filters/vault.ts';
import { bind, type Context, type Definition, type RenderDocument } from './functions.ts';
import { isTrue } from './kinds.ts';
import { nearestName } from './nearest-name.ts';
import { pathTests } from './tests/paths.ts';
import { resultTests } from './tests/results.ts';
import { textTests } from './tests/text.ts';
import { valueTests } from './tests/values.ts';
import { known } from './undefined.ts';
import { type Scope, TemplateError } from './values.ts';

type Table = ReadonlyMap<string, Definition>;

export const filters: Table = new Map(
  [
    valueFilters,
    textFilters,
    listFilters,
    selectFilters,
    setFilters,
    dictFilters,
    numberFilters,
    dataFilters,
    regexFilters,
    pathFilters,
    timeFilters,
    addressFilters,
    queryFilters,
    vaultFilters,
  ].flatMap((table) => Object.entries(table)),
);

export const tests: Table = new Map(
  [valueTests, textTests, resultTests, pathTests].flatMap((table) => Object.entries(table)),
);

const collections = /^(?:ansible\.builtin|ansible\.legacy|community\.general|ansible\.utils|ansible\.netcommon)\./;

export function filterNamed(name: string): Definition {
  return found(filters, name, 'filter');
}

export function testNamed(name: string): Definition {
  return found(tests, name, 'test');
}

function found(table: Table, name: string, kind: string): Definition {
  const plain = name.replace(collections, '');
  const definition = table.get(plain);
  if (definition !== undefined) return definition;
  const nearest = nearestName(plain, table.keys());
  const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  throw new TemplateError(`there is no ${kind} '${name}'${hint}`);
}

/** Apply a filter or test, its input and arguments checked and in order. */
export function apply(
  definition: Definition,
  name: string,
  context: Context,
  value: unknown,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): unknown {
  if (definition.lenient) return definition.call(context, value, bind(name, definition, positional, named));
  const args = bind(name, definition, positional.map(known), named);
  if (named.size > 0) for (const argument of named.values()) known(argument);
  return definition.call(context, known(value), args);
}

/** What filters such as `map` and `select` need to apply others by name. */
export function contextOf(scope: Scope, renderDocument: RenderDocument): Context {
  const context: Context = {
    scope,
    renderDocument,
    filter: (name, value, positional, named) => apply(filterNamed(name), name, context, value, positional, named),
    test: (name, value, positional) => isTrue(apply(testNamed(name), name, context, value, positional, noNames)),
  };
  return context;
}

const noNames: ReadonlyMap<string, unknown> = new Map();
