import { UndefinedNameError } from '../template/values.ts';
import { relationProblems } from './argument-spec-relations.ts';
import { misfitOf } from './argument-types.ts';
import type { ControlEnv, ControlModule } from './contract.ts';
import type { ValidateArgumentSpecArgs } from './generated/validate_argument_spec.ts';

type Map = Readonly<Record<string, unknown>>;

/** Variables against a specification: all that is wrong is told at once. Follows ansible-core's order of checks. */
export const validateArgumentSpec: ControlModule<ValidateArgumentSpecArgs> = {
  kind: 'control',
  name: 'validate_argument_spec',
  run(args, env) {
    const spec = args.argument_spec as Map;
    const given = { ...variablesOf(spec, env), ...args.provided_arguments };
    const errors = problemsOf({ options: spec }, given, '');
    const context = { validate_args_context: args.validate_args_context };
    if (errors.length === 0) return { changed: false, msg: 'The arg spec validation passed', ...context };
    return {
      changed: false,
      failed: true,
      msg: `Validation of arguments failed:\n${errors.join('\n')}`,
      argument_errors: errors,
      argument_spec_data: spec,
      ...context,
    };
  },
};

function variablesOf(spec: Map, env: ControlEnv): Map {
  const names = Object.entries(spec).flatMap(([name, option]) => [name, ...aliasesOf(option)]);
  return Object.fromEntries(
    names.map((name) => [name, variable(name, env)]).filter(([, value]) => value !== undefined),
  );
}

function variable(name: string, env: ControlEnv): unknown {
  try {
    return env.evaluate(name);
  } catch (error) {
    if (error instanceof UndefinedNameError) return undefined;
    throw error;
  }
}

function aliasesOf(option: unknown): string[] {
  const { aliases } = mapOf(option);
  return Array.isArray(aliases) ? aliases.map(String) : [];
}

function mapOf(value: unknown): Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Map) : {};
}

/** `path`: where a nested map stands, empty for the variables themselves. */
function problemsOf(owner: Map, written: Map, path: string): string[] {
  const spec = mapOf(owner.options);
  const given: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(spec))
    given[name] =
      written[name] ??
      aliasesOf(option)
        .map((alias) => written[alias])
        .find((value) => value !== undefined);
  const entries = Object.entries(spec).map(([name, option]) => ({ name, option: mapOf(option), value: given[name] }));
  const where = path === '' ? '' : ` found in ${path}`;
  const missing = entries.filter(({ option, value }) => option.required === true && value === undefined);
  const there = entries.filter(({ value }) => value !== undefined && value !== null);
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return [
    ...(missing.length > 0
      ? [`missing required arguments: ${missing.map(({ name }) => name).join(', ')}${where}`]
      : []),
    ...there.flatMap((one) => typeProblems(one.name, one.option, one.value, where)),
    ...there.flatMap((one) => choiceProblems(one.name, one.option, one.value, where)),
    ...there.flatMap((one) => nestedProblems(path === '' ? one.name : `${path}.${one.name}`, one.option, one.value)),
    ...(path === '' ? [] : unknownNames(spec, written, path)),
    ...relationProblems(owner, spec, present, where),
  ];
}

function typeProblems(name: string, option: Map, value: unknown, where: string): string[] {
  const misfit = misfitOf(value, String(option.type ?? 'str'));
  if (misfit !== undefined) return [`argument '${name}'${where} ${hidden(option, misfit)}`];
  if (option.type !== 'list' || option.elements === undefined) return [];
  const wrong = elementsOf(value).map((element) => misfitOf(element, String(option.elements)));
  const first = wrong.find((one) => one !== undefined);
  return first === undefined ? [] : [`an element of '${name}'${where} ${hidden(option, first)}`];
}

/** A secret is not told. */
function hidden({ no_log }: Map, text: string): string {
  return no_log === true ? text.replace(/, not .*/s, '') : text;
}

function choiceProblems(name: string, option: Map, value: unknown, where: string): string[] {
  if (!Array.isArray(option.choices)) return [];
  const choices = option.choices.map(String);
  const told = choices.join(', ');
  const got = (values: unknown) => (option.no_log === true ? '(hidden)' : String(values));
  if (option.type === 'list') {
    const wrong = elementsOf(value).filter((element) => !choices.includes(String(element)));
    return wrong.length === 0
      ? []
      : [`value of ${name} must be one or more of: ${told}. Got no match for: ${got(wrong.join(', '))}${where}`];
  }
  const isThere = choices.includes(String(value)) || (typeof value === 'boolean' && hasWordFor(value, choices));
  return isThere ? [] : [`value of ${name} must be one of: ${told}, got: ${got(value)}${where}`];
}

/** `yes` in a playbook means what `choices: [yes, no]` mean. */
function hasWordFor(value: boolean, choices: readonly string[]): boolean {
  const words = value ? ['True', 'yes', 'on'] : ['False', 'no', 'off'];
  return words.some((word) => choices.includes(word));
}

function nestedProblems(path: string, option: Map, value: unknown): string[] {
  const spec = mapOf(option.options);
  if (Object.keys(spec).length === 0) return [];
  if (option.type === 'list') return elementsOf(value).flatMap((element) => problemsOf(option, mapOf(element), path));
  return typeof value === 'object' ? problemsOf(option, mapOf(value), path) : [];
}

function unknownNames(spec: Map, written: Map, path: string): string[] {
  const known = new Set(Object.entries(spec).flatMap(([name, option]) => [name, ...aliasesOf(option)]));
  const unknown = Object.keys(written).filter((name) => !known.has(name));
  if (unknown.length === 0) return [];
  const supported = Object.keys(spec).sort().join(', ');
  return [`${unknown.map((name) => `${path}.${name}`).join(', ')}. Supported parameters include: ${supported}.`];
}

function elementsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [value];
}
