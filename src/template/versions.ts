import { str } from './python-text.ts';
import { TemplateError } from './values.ts';

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '=': (order) => order === 0,
  eq: (order) => order === 0,
  '!=': (order) => order !== 0,
  '<>': (order) => order !== 0,
  ne: (order) => order !== 0,
  '<': (order) => order < 0,
  lt: (order) => order < 0,
  '<=': (order) => order <= 0,
  le: (order) => order <= 0,
  '>': (order) => order > 0,
  gt: (order) => order > 0,
  '>=': (order) => order >= 0,
  ge: (order) => order >= 0,
};

/** The `version` test: loose comparison as Ansible's, or semantic versions with `version_type='semver'`. */
export function compareVersions(
  value: unknown,
  other: unknown,
  operator: unknown = 'eq',
  strict?: unknown,
  type?: unknown,
): boolean {
  const holds = operators[str(operator)];
  if (holds === undefined) throw new TemplateError(`version: the operator '${str(operator)}' is not known`);
  if (str(value) === '') throw new TemplateError('version: the value to compare is empty');
  if (str(other) === '') throw new TemplateError('version: the version to compare with is empty');
  const compare =
    type === 'semver' || type === 'semantic'
      ? compareSemantic
      : strict === true || type === 'strict'
        ? compareStrict
        : compareLoose;
  return holds(compare(str(value), str(other)));
}

/** distutils' LooseVersion: numbers and letters in turn; a number and letters at one place have no order there. */
function compareLoose(a: string, b: string): number {
  const left = looseParts(a);
  const right = looseParts(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const x = left[index];
    const y = right[index];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (typeof x !== typeof y) {
      throw new TemplateError(`version: '${a}' and '${b}' cannot be compared: '${x}' against '${y}'`);
    }
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function looseParts(version: string): (number | string)[] {
  return version
    .split(/(\d+|[a-z]+|\.)/)
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function compareStrict(a: string, b: string): number {
  const form = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/;
  const [left, right] = [a, b].map((version) => {
    const parts = form.exec(version);
    if (parts === null) throw new TemplateError(`version: '${version}' is no strict version number`);
    return [parts[1], parts[2], parts[3] ?? '0', parts[4] ?? 'z', parts[5] ?? '0'].map((part) =>
      /^\d+$/.test(part ?? '') ? Number(part) : (part ?? ''),
    );
  });
  return firstDifference(left ?? [], right ?? []);
}

function compareSemantic(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    const parts = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/.exec(version.replace(/^v/, ''));
    if (parts === null) throw new TemplateError(`version: '${version}' is no semantic version (major.minor.patch)`);
    return { core: parts.slice(1, 4).map(Number), pre: parts[4] };
  });
  const core = firstDifference(left?.core ?? [], right?.core ?? []);
  if (core !== 0) return core;
  if (left?.pre === undefined || right?.pre === undefined) {
    return Number(left?.pre === undefined) - Number(right?.pre === undefined);
  }
  return comparePrereleases(left.pre.split('.'), right.pre.split('.'));
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [x = '', y = ''] = [left[index], right[index]];
    if (x === y) continue;
    const [xNumber, yNumber] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (xNumber && yNumber) return Number(x) - Number(y);
    if (xNumber !== yNumber) return xNumber ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function firstDifference(left: readonly (number | string)[], right: readonly (number | string)[]): number {
  for (const [index, x] of left.entries()) {
    const y = right[index];
    if (y !== undefined && x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
