import { noteMutation } from './budget.ts';
import { dictMethods } from './dict-methods.ts';
import { bind, type Context, type Definition } from './functions.ts';
import { Callable, entryOf, isDict, isMapping, Namespace, typeName } from './kinds.ts';
import { listMethods } from './list-methods.ts';
import { nearestName } from './nearest-name.ts';
import { textMethods } from './text-methods.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

/** Lists and maps that the running templates made themselves: only these may be changed in place. */
const owned = new WeakSet<object>();

export function own<T extends object>(container: T): T {
  owned.add(container);
  return container;
}

const changing = new Set([
  'append',
  'extend',
  'insert',
  'remove',
  'pop',
  'reverse',
  'sort',
  'clear',
  'update',
  'setdefault',
]);

/** Call one of Python's methods that the language knows; no other function can be reached. */
export function callMethod(
  context: Context,
  object: unknown,
  name: string,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): unknown {
  const holder = known(object);
  const entries = holder instanceof Namespace ? holder.members : holder;
  if (isDict(entries)) {
    const entry = entryOf(entries, name);
    if (entry instanceof Callable) return entry.call(positional, named);
  }
  const methods = methodsOf(holder);
  const method = methods.get(name);
  if (method === undefined) throw noMethod(holder, name, methods);
  if (changing.has(name) && typeof holder === 'object' && holder !== null) allowChange(holder, name, positional);
  const args = bind(`${name}()`, method, positional, named);
  return method.call(context, holder, method.lenient ? args : args.map(known));
}

function methodsOf(holder: unknown): ReadonlyMap<string, Definition> {
  if (typeof holder === 'string') return textMethods;
  if (Array.isArray(holder)) return listMethods;
  return isMapping(holder) ? dictMethods : new Map();
}

function noMethod(holder: unknown, name: string, methods: ReadonlyMap<string, Definition>): TemplateError {
  const nearest = nearestName(name, methods.keys());
  const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  return new TemplateError(`'${typeName(holder)}' has no method '${name}' that templates may call${hint}`);
}

function allowChange(holder: object, name: string, positional: readonly unknown[]): void {
  if (!owned.has(holder)) {
    const instead = isDict(holder) ? "'| combine({…})'" : "'list + [value]'";
    throw new TemplateError(`${name}() would change a variable in place; use ${instead}, or change a copy`);
  }
  if (positional.includes(holder)) throw new TemplateError(`${name}() would put the value into itself`);
  noteMutation();
}
