type Map = Readonly<Record<string, unknown>>;

/** `written`: the entries under their own names. `where`: ` found in PATH`. What counts as given follows ansible-core's checks. */
export function relationProblems(option: Map, spec: Map, written: Map, where: string): string[] {
  const given = { ...defaultsOf(spec), ...written };
  const together = listsOf(option.required_together).filter((names) => {
    const there = names.filter((name) => name in given).length;
    return there > 0 && there < names.length;
  });
  const noneOf = listsOf(option.required_one_of).filter((names) => !names.some((name) => name in given));
  const exclusive = listsOf(option.mutually_exclusive).filter((names) => countOf(names, written) > 1);
  return [
    ...exclusive.map((names) => `parameters are mutually exclusive: ${names.join('|')}${where}`),
    ...together.map((names) => `parameters are required together: ${names.join(', ')}${where}`),
    ...noneOf.map((names) => `one of the following is required: ${names.join(', ')}${where}`),
    ...conditionProblems(option.required_if, given, where),
    ...dependencyProblems(option.required_by, given, where),
  ];
}

function conditionProblems(relation: unknown, given: Map, where: string): string[] {
  const requirements = Array.isArray(relation) ? relation.map(requirementOf) : [];
  return requirements.flatMap((requirement) => {
    if (requirement === undefined || given[requirement.name] !== requirement.value) return [];
    const { name, value, names, oneIsEnough } = requirement;
    const missing = names.filter((one) => !(one in given));
    if (missing.length === 0 || (oneIsEnough && missing.length < names.length)) return [];
    const how = oneIsEnough ? 'any' : 'all';
    return [`${name} is ${String(value)} but ${how} of the following are missing: ${missing.join(', ')}${where}`];
  });
}

function dependencyProblems(relation: unknown, given: Map, where: string): string[] {
  return Object.entries(isMap(relation) ? relation : {}).flatMap(([name, needed]) => {
    if ((given[name] ?? undefined) === undefined) return [];
    const missing = [needed].flat().filter((one) => (given[String(one)] ?? undefined) === undefined);
    return missing.length === 0 ? [] : [`missing parameter(s) required by '${name}': ${missing.join(', ')}${where}`];
  });
}

interface Requirement {
  readonly name: string;
  readonly value: unknown;
  readonly names: readonly string[];
  readonly oneIsEnough: boolean;
}

function requirementOf(written: unknown): Requirement | undefined {
  if (!Array.isArray(written)) return undefined;
  const [name, value, names, oneIsEnough = false, ...more]: unknown[] = written;
  const fits = typeof name === 'string' && isNames(names) && typeof oneIsEnough === 'boolean' && more.length === 0;
  return fits ? { name, value, names, oneIsEnough } : undefined;
}

/** A default stands for what is not given, but when entries exclude each other. */
function defaultsOf(spec: Map): Map {
  const defaults = Object.entries(spec).map(([name, option]) => [name, isMap(option) ? option.default : undefined]);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined && value !== null));
}

function countOf(names: readonly string[], given: Map): number {
  return new Set(names.filter((name) => name in given)).size;
}

function listsOf(value: unknown): readonly (readonly string[])[] {
  return Array.isArray(value) ? value.filter(isNames) : [];
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
