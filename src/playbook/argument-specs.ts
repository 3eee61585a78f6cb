import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { keySpanOf, recordPlaces, spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Entry, Role } from './contract.ts';
import { readEntries } from './entries.ts';
import type { Inherited } from './inherited.ts';
import type { Loading } from './loading.ts';
import { filesOf } from './role-files.ts';
import { relationFault, relationKeys } from './spec-relations.ts';

type Map = Readonly<Record<string, unknown>>;

/** The task that holds a role's variables against its specification for the file of tasks that is asked for, if it has one. */
export function specTask(role: Role, tasksFrom: string | undefined, within: Inherited, inside: Loading): Entry[] {
  const specs = specsOf(role.dir, inside);
  const name = basename(tasksFrom ?? 'main');
  const spec = mapAt(specs, name, inside);
  const options = mapAt(spec, 'options', inside);
  if (spec === undefined || specs === undefined || options === undefined) return [];
  warnOfUnchecked(spec, inside);
  checkRelations(options, inside);
  const about = typeof spec.short_description === 'string' ? ` - ${spec.short_description}` : '';
  const map = {
    name: `Validating arguments against arg spec '${name}'${about}`,
    validate_argument_spec: {
      argument_spec: pruned(options),
      validate_args_context: { type: 'role', name: role.name, argument_spec_name: name, path: role.dir },
    },
    tags: ['always'],
  };
  const span = keySpanOf(specs, name);
  if (span !== undefined)
    for (const part of [map, map.validate_argument_spec]) recordPlaces(part, span, new Map(), new Map());
  return readEntries([map], within, 'tasks', inside);
}

/** `meta/argument_specs.yml`, or `argument_specs` in `meta/main.yml`. */
function specsOf(dir: string, inside: Loading): Map | undefined {
  const own = ['yml', 'yaml'].map((end) => join(dir, 'meta', `argument_specs.${end}`)).find((one) => existsSync(one));
  const [file] = own === undefined ? filesOf(dir, 'meta', undefined, undefined, inside) : [own];
  return file === undefined ? undefined : mapAt(inside.read(file, undefined), 'argument_specs', inside);
}

/** What is no map where one must be is a finding; what is not there is none. */
function mapAt(container: unknown, key: string, { findings }: Loading): Map | undefined {
  if (typeof container !== 'object' || container === null || Array.isArray(container)) return undefined;
  const value = (container as Map)[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Map;
  findings.error('wrong-type', `"${key}" of argument specifications must be a map`, spanOf(container, key));
  return undefined;
}

const checked: ReadonlySet<string> = new Set([
  ...['type', 'required', 'choices', 'elements', 'aliases', 'no_log', 'default'],
  ...relationKeys,
]);

/** ansible-core looks at these inside of options only: whoever wrote one beside them should know. */
function warnOfUnchecked(spec: Map, { findings }: Loading): void {
  for (const key of relationKeys.filter((one) => spec[one] !== undefined)) {
    const message = `"${key}" is not checked here, as Ansible does not: only in an option that has "options"`;
    findings.add([{ severity: 'warning', code: 'not-checked', message, span: keySpanOf(spec, key) }]);
  }
}

function checkRelations(options: Map, inside: Loading): void {
  for (const option of Object.values(options)) {
    if (typeof option !== 'object' || option === null) continue;
    const map = option as Map;
    for (const key of relationKeys.filter((one) => map[one] !== undefined && map[one] !== null)) {
      const fault = relationFault(key, map[key]);
      if (fault !== undefined) inside.findings.error('wrong-type', fault, spanOf(map, key));
    }
    checkRelations(mapAt(map, 'options', inside) ?? {}, inside);
  }
}

/** What is checked, without descriptions: their braces are no templates. */
function pruned(options: Map): Map {
  const kept = Object.entries(options).map(([name, option]) => {
    const entries = Object.entries(typeof option === 'object' && option !== null ? option : {});
    const own = entries.flatMap(([key, value]: [string, unknown]) => {
      if (key === 'options' && typeof value === 'object' && value !== null)
        return [[key, pruned(value as Map)] as const];
      return checked.has(key) && !isTemplate(value) ? [[key, value] as const] : [];
    });
    return [name, Object.fromEntries(own)] as const;
  });
  return Object.fromEntries(kept);
}
