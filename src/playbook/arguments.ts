import type { Diagnostic } from '../errors/diagnostic.ts';
import { MapCheck } from './check-map.ts';
import { fillDefaults } from './coerce.ts';
import { validators } from './generated/validators.ts';
import { schemaOf } from './schema.ts';

export { secretArgs, secretValues } from './secret-args.ts';

export interface CheckedArgs {
  /** Under their own names. Strict: in the types of the schema, with defaults; else as written. */
  readonly args: Record<string, unknown>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Check the arguments of a module. Twice: when a playbook is loaded, with templates allowed anywhere, and strictly when they
 * are rendered. `source` is the container that was read from the file, where `args` is a rendered copy without positions.
 */
export function checkArgs(
  module: string,
  args: Readonly<Record<string, unknown>>,
  strict: boolean,
  source: unknown = args,
): CheckedArgs {
  const schema = schemaOf(module);
  if (schema === undefined) throw new Error(`no schema for module ${module}`);
  const check = new MapCheck(schema, source, strict, { noun: 'argument', owner: module });
  const named = check.rename(args);
  const values = check.coerceAll(named);
  check.validate(values, validators[module]);
  check.relate(values);
  if (strict) fillDefaults(schema, values);
  return { args: strict ? values : named, diagnostics: check.diagnostics };
}

/** Whether an argument holds expressions (`that`, `var`), which the module evaluates itself. */
export function isExpression(module: string, name: string): boolean {
  const properties = schemaOf(module)?.properties ?? {};
  const part = properties[name] ?? Object.values(properties).find((each) => each['x-aliases']?.includes(name));
  return part?.['x-format'] === 'expression';
}
